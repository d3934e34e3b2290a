/**
 * The link that consumes. rascal declares the queue and opens the connection; on it amqplib's channels are used as they are. rascal's
 * own subscriptions read orders to themselves in the headers of what arrives, which are the sender's, and throw at what they cannot
 * read: that ends the connection, and the packet comes again, for ever. Here nobody reads them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, Connection, ReceivedMessage } from 'rascal';
import { BrokerAway, type Delivery, type Topology } from './broker.ts';
import { declaringConfig, vhost } from './rabbit-config.ts';
import {
  answered,
  breakable,
  goodbye,
  type Link,
  openBroker,
  type Question,
  type Waiting,
} from './rabbit-link.ts';

/** What was deleted or forgotten behind our back is there again so much later; seeing to it costs milliseconds of the broker's time. */
const lookAfterMs = 5_000;

export interface ConsumingLink extends Link {
  /** Takes from the queue for the subscriber, over a channel of his own. */
  subscribe(subscriber: Subscriber): void;
}

/** Somebody who takes from the queue, whichever link is there. */
export interface Subscriber {
  /** Unacknowledged packets at most. */
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void;
  subscription?: Subscription;
  cancelled?: boolean;
}

/** What the broker knows him by at present. */
interface Subscription {
  readonly channel: Channel;
  /** Delivered and not settled yet. */
  held: number;
  /** Something was delivered since the last look: it is alive. */
  alive: boolean;
}

/** Declares exchange, queue and bindings, sees to it that they stay, and takes from the queue. */
export async function openConsuming(
  urls: readonly string[],
  topology: Topology,
  waiting: Waiting,
): Promise<ConsumingLink> {
  const { broker, shutdown, hangUp } = await openBroker(
    (hungUp) => declaringConfig(urls, topology, hungUp),
    waiting,
  );
  const ask = <T>(what: string, question: Question<T>) => answered(what, waiting, question);
  const link = breakable();
  const subscribers = new Set<Subscriber>();
  const closing = new AbortController();

  /** An error on a channel, or one that the broker has closed: all is declared again over a new link. */
  async function openChannel(connection: Connection): Promise<Channel> {
    const channel = await ask<Channel>('a channel', (done) => connection.createChannel(done));
    channel.on('error', link.break);
    return channel;
  }

  async function subscribe(connection: Connection, subscriber: Subscriber): Promise<void> {
    const channel = await openChannel(connection);
    const subscription: Subscription = { channel, held: 0, alive: true };
    await ask<unknown>('a prefetch', (done) => channel.prefetch(subscriber.prefetch, false, done));
    const onMessage = (message: ReceivedMessage | null) => {
      if (message) subscriber.onDelivery(deliveryOf(subscription, message));
      else link.break(new BrokerAway('the broker has cancelled the subscription'));
    };
    await ask<unknown>('a subscription', (done) => channel.consume(topology.queue, onMessage, {}, done));
    const before = subscriber.subscription;
    subscriber.subscription = subscription;
    if (before) void leave(before);
    if (subscriber.cancelled) void leave(subscription);
  }

  /**
   * Nobody tells us that a binding is gone, and RabbitMQ 3.10 does not tell a subscriber whose quorum queue was deleted and made anew: it
   * takes him for one of the new queue's, and what it sends him never arrives. So what is bound is bound again, and a subscription on which
   * nothing comes is replaced; with its channel, whatever the queue thinks has been delivered over it goes back.
   */
  async function look(connection: Connection, channel: Channel): Promise<void> {
    const { exchange, queue, bindings } = topology;
    for (;;) {
      await pause(lookAfterMs, undefined, { signal: closing.signal });
      // Where the queue or the exchange is gone, the broker closes the channel.
      for (const type of bindings)
        await ask<unknown>('a binding', (done) => channel.bindQueue(queue, exchange, type, {}, done));
      for (const subscriber of subscribers)
        if (subscriber.cancelled) subscribers.delete(subscriber);
        else if (isIdle(subscriber)) await subscribe(connection, subscriber);
    }
  }

  try {
    const connection = await ask<Connection>('a connection', (done) => broker.connect(vhost, done));
    connection.on('error', link.break);
    connection.on('close', () => link.break(new BrokerAway('the connection was lost')));
    // It has declared, which was what its own connection was for.
    void shutdown();
    look(connection, await openChannel(connection)).catch(link.break);

    return {
      ...link,
      subscribe(subscriber) {
        delete subscriber.subscription;
        subscribers.add(subscriber);
        subscribe(connection, subscriber).catch(link.break);
      },
      async close() {
        closing.abort();
        await goodbye((done) => connection.close(done));
        hangUp();
      },
    };
  } catch (error) {
    hangUp();
    throw error;
  }
}

/** Ends a subscription: the queue has back at once what was not acknowledged. */
export const leave = ({ channel }: Subscription) => goodbye((done) => channel.close(done));

/** Says whether nothing has come since it was last asked, and nothing is in hand that could be in the way. */
function isIdle({ subscription }: Subscriber): boolean {
  if (!subscription) return false;
  const idle = !subscription.alive && subscription.held === 0;
  subscription.alive = false;
  return idle;
}

function deliveryOf(subscription: Subscription, message: ReceivedMessage): Delivery {
  const { channel } = subscription;
  let settled = false;
  subscription.alive = true;
  subscription.held += 1;
  const once = (say: () => void) => () => {
    if (settled) return;
    settled = true;
    subscription.held -= 1;
    try {
      say();
    } catch {
      // The channel is gone: the broker delivers again, and nothing is to be done about it here.
    }
  };
  return {
    body: message.content,
    contentType: message.properties.contentType,
    redelivered: message.fields.redelivered,
    receivedAt: new Date(),
    acknowledge: once(() => channel.ack(message)),
    requeue: once(() => channel.nack(message, false, true)),
  };
}
