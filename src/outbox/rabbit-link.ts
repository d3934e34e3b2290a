/**
 * A link to RabbitMQ: opened through rascal, which declares the topology, used until the first trouble, given up, opened anew. rascal's
 * own reconnection does not declare anything again, and would leave a broker that came back empty without its queues.
 */
import { setTimeout as pause } from 'node:timers/promises';
import rascal, { type BrokerInstance } from 'rascal';
import { BrokerAway } from './broker.ts';

const firstPauseMs = 100;
const maxPauseMs = 2_000;
/** Where the broker says no (a queue that differs, a missing permission), only a person can help. */
const refusedPauseMs = 30_000;
/** A broker that stays away is told once a minute. */
const tellEveryMs = 60_000;
/** What takes longer to say good-bye hangs on a dead connection: it is hung up. */
const goodbyeMs = 2_000;

export interface Link {
  /** Resolves with the reason when the link is of no use any more. */
  readonly broken: Promise<Error>;
  break(reason: Error): void;
  /** Says good-bye, bounded in time; after that none of its connections is left. */
  close(): Promise<void>;
}

/** What an operator may want to know of one link. */
export type LinkEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly error: string }
  | { readonly kind: 'unreachable'; readonly error: string };

/** Opens a link, serves over it until it breaks, and opens another, until told to stop. */
export async function keepLinked<L extends Link>(options: {
  open(): Promise<L>;
  /** The link is there. */
  use(link: L): void;
  /** It is not any more. */
  lost(link: L): void;
  onEvent(event: LinkEvent): void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { open, use, lost, onEvent, signal } = options;
  let pauseMs = firstPauseMs;
  let nextTellMs = 0;
  while (!signal.aborted) {
    try {
      const link = await open();
      pauseMs = firstPauseMs;
      const giveUp = () => link.break(new BrokerAway('RabbitMQ is being closed'));
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
      use(link);
      onEvent({ kind: 'connected' });
      const reason = await link.broken;
      signal.removeEventListener('abort', giveUp);
      lost(link);
      if (!signal.aborted) onEvent({ kind: 'disconnected', error: withoutCredentials(reason) });
      await link.close();
    } catch (error) {
      if (!signal.aborted && performance.now() >= nextTellMs) {
        onEvent({ kind: 'unreachable', error: withoutCredentials(error) });
        nextTellMs = performance.now() + tellEveryMs;
      }
      pauseMs = isRefusal(error) ? refusedPauseMs : Math.min(pauseMs * 2, maxPauseMs);
    }
    // Half of it by chance: those who lost the broker together do not come back together.
    await pause(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
  }
}

/** A link's promise to break, and how to break it. */
export function breakable(): Pick<Link, 'broken' | 'break'> {
  let breakLink: (reason: Error) => void = () => {};
  const broken = new Promise<Error>((resolve) => {
    breakLink = resolve;
  });
  return { broken, break: breakLink };
}

/** What rascal has opened, and how it is ended, in good and in bad days. */
export interface Opened {
  readonly broker: BrokerInstance;
  /** rascal's own connection takes leave; bounded in time. */
  shutdown(): Promise<void>;
  /** Every connection that was opened with this configuration is destroyed at once, whatever it is doing. */
  hangUp(): void;
}

/**
 * Creates a rascal broker; it has declared what its configuration says when this resolves. The configuration gets a signal for its sockets:
 * whatever rascal is doing, they can be ended. `signal`: nobody waits for the broker any more.
 */
export function openBroker(configOf: (hungUp: AbortSignal) => object, signal: AbortSignal): Promise<Opened> {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  signal.addEventListener('abort', giveUp);
  return new Promise((resolve, reject) => {
    rascal.Broker.create(configOf(controller.signal), (error, broker) => {
      // It says so itself when it is given up after an error: nothing of it is used any more.
      broker?.on('error', () => {});
      signal.removeEventListener('abort', giveUp);
      const hangUp = () => {
        giveUp();
        // It keeps the process running until its own shutdown has come to an end, which on a dead connection it never does.
        clearInterval(broker?.keepActive);
      };
      if (!error && broker)
        resolve({ broker, shutdown: () => goodbye((done) => broker.shutdown(done)), hangUp });
      else {
        broker?.shutdown(() => {});
        hangUp();
        reject(error ?? new BrokerAway('there is no broker'));
      }
    });
  });
}

/** Waits for a callback, but not for ever, and not for its error: what is being ended is of no use any more. */
export function goodbye(say: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, goodbyeMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    try {
      say(done);
    } catch {
      // There is nobody left to say it to.
      done();
    }
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
