/**
 * RabbitMQ, through rascal. There is one way to be connected: create a rascal broker, which declares the topology, and use it until
 * the first trouble with its connection or a channel; then give it up and create another. rascal's own reconnection does not
 * declare anything again, and would leave a broker that came back empty without its queues.
 */
import { setTimeout as pause } from 'node:timers/promises';
import rascal, {
  type AckOrNack,
  type BrokerInstance,
  type ReceivedMessage,
  type SubscriberSession,
} from 'rascal';
import {
  type Broker,
  BrokerAway,
  type ConnectBroker,
  type Delivery,
  type Packet,
  PublishRefused,
  publishTimeoutMs,
  type Subscription,
  type Topology,
} from './broker.ts';
import { rascalConfig } from './rabbit-config.ts';

const firstPauseMs = 100;
const maxPauseMs = 2_000;
/** Where the broker says no (a queue that differs, a missing permission), only a person can help. */
const refusedPauseMs = 30_000;
/** What takes longer to shut down hangs on a dead connection, and is left to end by itself. */
const shutdownMs = 2_000;
/** A broker that stays away is told once a minute. */
const tellEveryMs = 60_000;

/** What an operator may want to know. */
export type RabbitEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly error: string }
  | { readonly kind: 'unreachable'; readonly error: string }
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'unblocked' };

/** A rascal broker in use, and how it is given up. */
interface Link {
  readonly broker: BrokerInstance;
  /** Resolves with the reason when the link is of no use any more. */
  readonly broken: Promise<Error>;
  break(reason: Error): void;
  /** Publishes without an answer yet: told when the link breaks. */
  readonly unanswered: Set<() => void>;
}

interface Subscriber {
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void;
  session?: SubscriberSession;
}

/** Connects to RabbitMQ: `url` may be a comma list that names the nodes of a cluster. */
export function rabbit(options: {
  readonly url: string;
  readonly onEvent?: (event: RabbitEvent) => void;
}): ConnectBroker {
  const urls = options.url.split(',').map((url) => url.trim());
  return (topology) => connect(urls, topology, options.onEvent ?? (() => {}));
}

function connect(urls: readonly string[], topology: Topology, onEvent: (event: RabbitEvent) => void): Broker {
  const subscribers = new Set<Subscriber>();
  const listeners = new Set<() => void>();
  const inFlight = new Set<Promise<void>>();
  const closing = new AbortController();
  let link: Link | undefined;
  let blocked = false;
  const isReady = () => link !== undefined && !blocked;

  async function keepConnected(): Promise<void> {
    let pauseMs = firstPauseMs;
    let nextTellMs = 0;
    while (!closing.signal.aborted) {
      try {
        link = await openLink(urls, topology);
        pauseMs = firstPauseMs;
        await use(link);
      } catch (error) {
        if (performance.now() >= nextTellMs) {
          onEvent({ kind: 'unreachable', error: withoutCredentials(error) });
          nextTellMs = performance.now() + tellEveryMs;
        }
        pauseMs = isRefusal(error) ? refusedPauseMs : Math.min(pauseMs * 2, maxPauseMs);
      }
      // Half of it by chance: those who lost the broker together do not come back together.
      await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  /** Serves everybody over this link until it breaks. */
  async function use(current: Link): Promise<void> {
    const { broker } = current;
    const giveUp = () => current.break(new BrokerAway('RabbitMQ is being closed'));
    closing.signal.addEventListener('abort', giveUp, { once: true });
    if (closing.signal.aborted) giveUp();
    broker.on('blocked', (reason: string) => {
      blocked = true;
      onEvent({ kind: 'blocked', reason });
    });
    broker.on('unblocked', () => {
      blocked = false;
      onEvent({ kind: 'unblocked' });
      notify();
    });
    for (const subscriber of subscribers) subscribe(current, subscriber);
    onEvent({ kind: 'connected' });
    notify();
    const reason = await current.broken;
    closing.signal.removeEventListener('abort', giveUp);
    link = undefined;
    blocked = false;
    for (const lost of current.unanswered) lost();
    if (!closing.signal.aborted) onEvent({ kind: 'disconnected', error: withoutCredentials(reason) });
    await shutdown(broker);
  }

  function notify(): void {
    for (const listener of listeners) listener();
  }

  const connected = keepConnected();

  return {
    get ready() {
      return isReady();
    },

    onReady(listener) {
      listeners.add(listener);
      if (isReady()) listener();
      return () => void listeners.delete(listener);
    },

    publish(packet) {
      if (!link || blocked) return Promise.reject(new BrokerAway('RabbitMQ is not connected'));
      const published = publish(link, packet);
      inFlight.add(published);
      const forget = () => inFlight.delete(published);
      published.then(forget, forget);
      return published;
    },

    subscribe({ prefetch }, onDelivery): Subscription {
      const subscriber: Subscriber = { prefetch, onDelivery };
      subscribers.add(subscriber);
      if (link) subscribe(link, subscriber);
      return {
        async cancel() {
          subscribers.delete(subscriber);
          const { session } = subscriber;
          if (session) await bounded(shutdownMs, (done) => session.cancel(done));
        },
      };
    },

    async close() {
      await Promise.race([Promise.allSettled(inFlight), pause(publishTimeoutMs, undefined, { ref: false })]);
      closing.abort();
      await connected;
    },
  };
}

/** Creates a rascal broker; it has declared the topology when this resolves. */
function openLink(urls: readonly string[], topology: Topology): Promise<Link> {
  return new Promise((resolve, reject) => {
    rascal.Broker.create(rascalConfig(urls, topology, publishTimeoutMs), (error, broker) => {
      // It says so itself when it is given up after an error: nothing of it is used any more.
      broker?.on('error', () => {});
      if (error || !broker) {
        if (broker) void shutdown(broker);
        reject(error ?? new BrokerAway('there is no broker'));
        return;
      }
      let breakLink: (reason: Error) => void = () => {};
      const broken = new Promise<Error>((resolveBroken) => {
        breakLink = resolveBroken;
      });
      broker.on('error', breakLink);
      broker.on('disconnect', () => breakLink(new BrokerAway('the connection was lost')));
      resolve({ broker, broken, break: breakLink, unanswered: new Set() });
    });
  });
}

/** Publishes once and settles once: rascal may tell an error twice, a success after an error, a return before a success. */
function publish(link: Link, { routingKey, contentType, body, mandatory }: Packet): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => () => {
      clearTimeout(timer);
      link.unanswered.delete(lost);
      outcome();
    };
    const away = (reason: string) => settle(() => reject(new BrokerAway(reason)))();
    const refused = (reason: string) => settle(() => reject(new PublishRefused(reason)))();
    const timer = setTimeout(() => away('RabbitMQ did not confirm in time'), publishTimeoutMs);
    const lost = () => away('the connection was lost');
    link.unanswered.add(lost);
    const overrides = { routingKey, options: { mandatory, contentType } };
    link.broker.publish('packets', body, overrides, (error, session) => {
      if (error) return away(error.message);
      session.on('success', settle(resolve));
      session.on('return', () => refused(`no queue takes ${routingKey}`));
      session.on('close', () => away('the channel was closed'));
      session.on('paused', () => session.abort());
      session.on('error', (failure: Error & { code?: number }) => {
        if (failure.message === 'message nacked') refused(failure.message);
        else away(failure.message);
        // The channel was closed by the broker (the exchange is gone, a permission was taken): declare everything again.
        if (failure.code !== undefined) link.break(failure);
      });
    });
  });
}

function subscribe(link: Link, subscriber: Subscriber): void {
  const { prefetch, onDelivery } = subscriber;
  link.broker.subscribe('own', { prefetch }, (error, session) => {
    if (error) return link.break(error);
    subscriber.session = session;
    withoutHeaders(session);
    const deliver = (message: ReceivedMessage, settle: AckOrNack) => onDelivery(deliveryOf(message, settle));
    // An error, a closed channel, a queue that an operator has deleted: all is declared again over a new link.
    for (const event of ['error', 'cancelled', 'close'])
      session.on(event, (reason?: Error) =>
        link.break(reason ?? new BrokerAway('the subscription has ended')),
      );
    // What rascal finds fault with is the library's to park.
    for (const event of ['invalid_content', 'redeliveries_error', 'redeliveries_exceeded'])
      session.on(event, (_: Error, message: ReceivedMessage, settle: AckOrNack) => deliver(message, settle));
    session.on('message', (message: ReceivedMessage, _: unknown, settle: AckOrNack) =>
      deliver(message, settle),
    );
  });
}

/**
 * Headers are the sender's, and mean nothing here. rascal reads orders to itself in them, and throws at what it cannot read:
 * that ends the connection, and the packet comes again, for ever. So it sees none.
 */
function withoutHeaders(session: SubscriberSession): void {
  const open = session._open.bind(session);
  session._open = (channel, consumerTag, next) => {
    const consume = channel.consumers.get(consumerTag);
    channel.consumers.set(consumerTag, (message) => {
      if (message) message.properties.headers = {};
      consume?.(message);
    });
    open(channel, consumerTag, next);
  };
}

function deliveryOf(message: ReceivedMessage, settle: AckOrNack): Delivery {
  // Where the channel is gone by then, the broker delivers again: nothing is to be done about it here.
  const ignore = () => {};
  return {
    body: message.content,
    contentType: message.properties.contentType,
    redelivered: message.fields.redelivered,
    receivedAt: new Date(),
    acknowledge: () => settle(ignore),
    requeue: () => settle(new Error('given back'), { strategy: 'nack', requeue: true }, ignore),
  };
}

const shutdown = (broker: BrokerInstance) => bounded(shutdownMs, (done) => broker.shutdown(done));

/** Waits for a callback, but not for ever, and not for its error: what is being ended is of no use any more. */
function bounded(ms: number, work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    work(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The broker answered, and it was no: 403 access refused, 404 not found, 406 precondition failed. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

/** URLs in errors hold user names and passwords. */
function withoutCredentials(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\/\/[^/@\s]*@/g, '//');
}
