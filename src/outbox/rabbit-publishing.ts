/** The link that publishes. RabbitMQ blocks its connection while it is short of memory or disk; nothing else is held back by that. */
import { BrokerAway, type Packet, PublishRefused, publishTimeoutMs, type Topology } from './broker.ts';
import { publishingConfig } from './rabbit-config.ts';
import { breakable, type Link, noAnswer, openBroker, type Waiting } from './rabbit-link.ts';

export interface PublishingLink extends Link {
  readonly blocked: boolean;
  /** As the port's. */
  publish(packet: Packet): Promise<void>;
  /** Tells those whose publish has no answer yet that the link is lost. */
  forsake(): void;
}

/** Declares the exchange, and publishes to it. `onBlocked` is told the broker's reason, and undefined when it is over. */
export async function openPublishing(
  urls: readonly string[],
  topology: Topology,
  onBlocked: (reason: string | undefined) => void,
  waiting: Waiting,
): Promise<PublishingLink> {
  const { broker, shutdown, hangUp } = await openBroker(
    (hungUp) => publishingConfig(urls, topology, hungUp),
    waiting,
  );
  const link = breakable();
  const unanswered = new Set<() => void>();
  let blocked = false;
  /** Since when something waits, and nothing is heard of anything; undefined: the broker answers, or need not. */
  let silentSinceMs: number | undefined;
  const heard = (outcome: () => void) => () => {
    silentSinceMs = undefined;
    outcome();
  };
  /** One publish may have been lost with its channel. Nothing but silence: rascal waits for a channel that it never gets. */
  function breakIfDeaf(): void {
    const silentMs = performance.now() - (silentSinceMs ?? Number.POSITIVE_INFINITY);
    if (silentMs >= waiting.answerTimeoutMs && !blocked)
      link.break(noAnswer('a publish', waiting.answerTimeoutMs));
  }
  broker.on('error', link.break);
  broker.on('disconnect', () => link.break(new BrokerAway('the connection was lost')));
  broker.on('blocked', (reason: string) => {
    blocked = true;
    onBlocked(reason);
  });
  broker.on(
    'unblocked',
    heard(() => {
      blocked = false;
      onBlocked(undefined);
    }),
  );

  return {
    ...link,

    get blocked() {
      return blocked;
    },

    /** Publishes once and settles once: rascal may tell an error twice, a success after an error, a return before a success. */
    publish({ routingKey, contentType, body, mandatory }) {
      return new Promise((resolve, reject) => {
        silentSinceMs ??= performance.now();
        const settle = (outcome: () => void) => () => {
          clearTimeout(timer);
          unanswered.delete(lost);
          outcome();
        };
        const away = (reason: string) => settle(() => reject(new BrokerAway(reason)))();
        const refused = (reason: string) => settle(() => reject(new PublishRefused(reason)))();
        const timer = setTimeout(() => {
          away('RabbitMQ did not confirm in time');
          breakIfDeaf();
        }, publishTimeoutMs);
        const lost = () => away('the connection was lost');
        unanswered.add(lost);
        const overrides = { routingKey, options: { mandatory, contentType } };
        broker.publish('packets', body, overrides, (error, session) => {
          if (error) return away(error.message);
          session.on('success', heard(settle(resolve)));
          session.on(
            'return',
            heard(() => refused(`no queue takes ${routingKey}`)),
          );
          session.on('close', () => away('the channel was closed'));
          session.on('paused', () => session.abort());
          session.on('error', (failure: Error & { code?: number }) => {
            if (failure.message === 'message nacked') heard(() => refused(failure.message))();
            else away(failure.message);
            // The channel was closed by the broker (the exchange is gone, a permission was taken): declare everything again.
            if (failure.code !== undefined) link.break(failure);
          });
        });
      });
    },

    forsake() {
      for (const lost of unanswered) lost();
    },

    async close() {
      await shutdown();
      hangUp();
    },
  };
}
