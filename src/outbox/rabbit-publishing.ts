/**
 * The link that publishes. RabbitMQ blocks its connection while it is short of memory or disk; nothing else is held back by that. rascal
 * declares and connects, and one of amqplib's channels is used as it is: a publication of rascal's takes one out of a pool for each packet,
 * with timers and listeners of its own: 30 µs of processor, nearly as much as the rest of a packet, its way back included.
 */
import type { ConfirmChannel, ReceivedMessage } from 'rascal';
import {
  BrokerAway,
  declared,
  type Packet,
  PublishRefused,
  publishTimeoutMs,
  type Topology,
} from './broker.ts';
import { newId } from './id.ts';
import { publishingConfig } from './rabbit-config.ts';
import { ask, breakable, goodbye, type Link, openBroker, openConnection } from './rabbit-link.ts';

export interface PublishingLink extends Link {
  readonly blocked: boolean;
  /** As the port's. */
  publish(packet: Packet): Promise<void>;
  /** Tells those whose publish has no answer yet that the link is lost. */
  forsake(): void;
}

/** A publish that has no answer yet: it settles once. */
interface Unanswered {
  /** Without an error: it is confirmed. */
  settle(error?: Error): void;
  readonly routingKey: string;
}

/** Declares the exchange, and publishes to it. `onBlocked` is told the broker's reason, and undefined when it is over. */
export async function openPublishing(
  urls: readonly string[],
  topology: Topology,
  onBlocked: (reason: string | undefined) => void,
  signal: AbortSignal,
): Promise<PublishingLink> {
  const opened = await openBroker((hungUp) => publishingConfig(urls, topology, hungUp), signal);
  const { hangUp } = opened;
  const link = breakable();
  /** By the id of the packet, which a packet that comes back brings along. */
  const unanswered = new Map<string, Unanswered>();
  let blocked = false;

  /** An error on the channel is the broker's (the exchange is gone, a permission was taken): all is declared again over a new link. */
  function watch(channel: ConfirmChannel): void {
    channel.on('error', link.break);
    channel.on('close', () => link.break(new BrokerAway('the channel was closed')));
    // It comes before the confirm, which then finds nobody.
    channel.on('return', ({ properties: { messageId = '' } }: ReceivedMessage) => {
      const returned = unanswered.get(messageId);
      returned?.settle(new PublishRefused(`no queue takes ${returned.routingKey}`));
    });
  }

  try {
    const connection = await openConnection(opened, link);
    connection.on('blocked', (reason: string) => {
      blocked = true;
      onBlocked(reason);
    });
    connection.on('unblocked', () => {
      blocked = false;
      onBlocked(undefined);
    });
    const channel = await ask<ConfirmChannel>((done) => connection.createConfirmChannel(done));
    watch(channel);

    return {
      ...link,

      get blocked() {
        return blocked;
      },

      publish({ routingKey, contentType, body, mandatory }) {
        return new Promise((resolve, reject) => {
          const messageId = newId();
          const settle = (error?: Error) => {
            if (!unanswered.delete(messageId)) return;
            clearTimeout(timer);
            if (error) reject(error);
            else resolve();
          };
          const timer = setTimeout(
            () => settle(new BrokerAway('RabbitMQ did not confirm in time')),
            publishTimeoutMs,
          );
          unanswered.set(messageId, { settle, routingKey });
          const options = { ...declared.message, mandatory, contentType, messageId };
          try {
            channel.publish(topology.exchange, routingKey, body, options, (error) =>
              settle(error ? answerOf(error) : undefined),
            );
          } catch (error) {
            // The channel is gone, and the link with it.
            settle(new BrokerAway('the channel was closed', { cause: error }));
          }
        });
      },

      forsake() {
        for (const { settle } of [...unanswered.values()]) settle(new BrokerAway('the connection was lost'));
      },

      async close() {
        await goodbye((done) => connection.close(done));
        hangUp();
      },
    };
  } catch (error) {
    hangUp();
    throw error;
  }
}

/** The broker has said no, or will not say anything any more. */
const answerOf = ({ message }: Error) =>
  message === 'message nacked' ? new PublishRefused(message) : new BrokerAway(message);
