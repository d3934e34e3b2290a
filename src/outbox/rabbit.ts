/**
 * RabbitMQ, through rascal, behind the port: one link publishes, another consumes (`docs/decisions/010-two-connections-to-rabbitmq.md`).
 * Each is opened anew on its own trouble.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Broker, BrokerAway, type ConnectBroker, publishTimeoutMs, type Topology } from './broker.ts';
import { type ConsumingLink, leave, openConsuming, type Subscriber } from './rabbit-consuming.ts';
import { defaultAnswerTimeoutMs, keepLinked, type LinkEvent } from './rabbit-link.ts';
import { openPublishing, type PublishingLink } from './rabbit-publishing.ts';

/** What an operator may want to know. */
export type RabbitEvent =
  | (LinkEvent & { readonly link: 'publishing' | 'consuming' })
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'unblocked' };

/**
 * Connects to RabbitMQ: `url` may be a comma list that names the nodes of a cluster. After `answerTimeoutMs` without an answer to what
 * it was asked (45 s unless given) a link is of no use, and another is opened.
 */
export function rabbit(options: {
  readonly url: string;
  readonly onEvent?: (event: RabbitEvent) => void;
  readonly answerTimeoutMs?: number;
}): ConnectBroker {
  const { onEvent = () => {}, answerTimeoutMs = defaultAnswerTimeoutMs } = options;
  const urls = options.url.split(',').map((url) => url.trim());
  return (topology) => connect({ urls, onEvent, answerTimeoutMs }, topology);
}

function connect(
  options: {
    readonly urls: readonly string[];
    readonly onEvent: (event: RabbitEvent) => void;
    readonly answerTimeoutMs: number;
  },
  topology: Topology,
): Broker {
  const { urls, onEvent, answerTimeoutMs } = options;
  const subscribers = new Set<Subscriber>();
  const listeners = new Set<() => void>();
  const inFlight = new Set<Promise<void>>();
  const closing = new AbortController();
  const { signal } = closing;
  const waiting = { answerTimeoutMs, signal };
  let publishing: PublishingLink | undefined;
  let consuming: ConsumingLink | undefined;
  /** Set with the first consuming link: who asks before his queue is there could not hear the answer. */
  let keptPublishing: Promise<void> | undefined;
  const isReady = () => publishing !== undefined && !publishing.blocked;

  function notify(): void {
    for (const listener of listeners) listener();
  }

  const keptConsuming = keepLinked({
    signal,
    onEvent: (event) => onEvent({ ...event, link: 'consuming' }),
    open: () => openConsuming(urls, topology, waiting),
    use(link: ConsumingLink) {
      consuming = link;
      for (const subscriber of subscribers) link.subscribe(subscriber);
      keptPublishing ??= keepPublishing();
    },
    lost() {
      consuming = undefined;
    },
  });

  function keepPublishing(): Promise<void> {
    return keepLinked({
      signal,
      onEvent: (event) => onEvent({ ...event, link: 'publishing' }),
      open: () => openPublishing(urls, topology, onBlocked, waiting),
      use(link: PublishingLink) {
        publishing = link;
        notify();
      },
      lost(link) {
        publishing = undefined;
        link.forsake();
      },
    });
  }

  function onBlocked(reason: string | undefined): void {
    if (reason === undefined) {
      onEvent({ kind: 'unblocked' });
      notify();
    } else onEvent({ kind: 'blocked', reason });
  }

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
      if (!publishing || publishing.blocked)
        return Promise.reject(new BrokerAway('RabbitMQ is not connected'));
      const published = publishing.publish(packet);
      inFlight.add(published);
      const forget = () => inFlight.delete(published);
      published.then(forget, forget);
      return published;
    },

    subscribe({ prefetch }, onDelivery) {
      const subscriber: Subscriber = { prefetch, onDelivery };
      subscribers.add(subscriber);
      consuming?.subscribe(subscriber);
      return {
        async cancel() {
          subscribers.delete(subscriber);
          subscriber.cancelled = true;
          if (subscriber.subscription) await leave(subscriber.subscription);
        },
      };
    },

    async close() {
      await Promise.race([Promise.allSettled(inFlight), pause(publishTimeoutMs, undefined, { ref: false })]);
      closing.abort();
      await Promise.all([keptConsuming, keptPublishing]);
    },
  };
}
