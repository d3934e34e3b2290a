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
/**
 * An answer that takes longer does not come any more: the broker has lost the question, or rascal what it was to do next. Longer than
 * RabbitMQ gives itself for a quorum queue: 5 s to start it, 30 s for what its members must agree about.
 */
export const defaultAnswerTimeoutMs = 45_000;
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

/** How long to wait for an answer, and until when. */
export interface Waiting {
  readonly answerTimeoutMs: number;
  /** Nobody waits any more. */
  readonly signal: AbortSignal;
}

/**
 * Creates a rascal broker; it has declared what its configuration says when this resolves. The configuration gets a signal for its sockets:
 * whatever rascal is doing, they can be ended. rascal calls nobody back when its connection is lost while it closes the channel on
 * which it has declared: that too is an answer that does not come.
 */
export async function openBroker(
  configOf: (hungUp: AbortSignal) => object,
  waiting: Waiting,
): Promise<Opened> {
  const controller = new AbortController();
  try {
    return await answered<Opened>('a declaration', waiting, (done) =>
      rascal.Broker.create(configOf(controller.signal), (error, broker) => {
        // It says so itself when it is given up after an error: nothing of it is used any more.
        broker?.on('error', () => {});
        const hangUp = () => {
          controller.abort();
          // It keeps the process running until its own shutdown has come to an end, which on a dead connection it never does.
          clearInterval(broker?.keepActive);
        };
        if (!error && broker && !controller.signal.aborted) {
          done(null, { broker, shutdown: () => goodbye((end) => broker.shutdown(end)), hangUp });
          return;
        }
        done(error ?? new BrokerAway('there is no broker'));
        broker?.shutdown(() => {});
        hangUp();
      }),
    );
  } catch (error) {
    controller.abort();
    throw error;
  }
}

export type Question<T> = (done: (error: Error | null, answer?: T) => void) => void;

/**
 * The answer to a question with a callback. Throws its error, what asking throws (the channel is gone), or `BrokerAway`: no answer comes,
 * or nobody waits for it any more. `what`: for an operator.
 */
export async function answered<T>(
  what: string,
  { answerTimeoutMs, signal }: Waiting,
  question: Question<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let stopWaiting = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(noAnswer(what, answerTimeoutMs)), answerTimeoutMs);
      stopWaiting = () => reject(new BrokerAway('RabbitMQ is being closed'));
      signal.addEventListener('abort', stopWaiting);
      // Between two questions: that event is over.
      if (signal.aborted) stopWaiting();
      question((error, answer) => (error ? reject(error) : resolve(answer as T)));
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stopWaiting);
  }
}

export const noAnswer = (what: string, answerTimeoutMs: number) =>
  new BrokerAway(`RabbitMQ has not answered ${what} for ${answerTimeoutMs / 1_000} s`);

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

/** Access refused, precondition failed (a queue that differs). Another no passes by itself, as that what was just there is not (404). */
const refusals: ReadonlySet<unknown> = new Set([403, 406]);
const isRefusal = (error: unknown) => error instanceof Error && 'code' in error && refusals.has(error.code);

/** URLs in errors hold user names and passwords. */
function withoutCredentials(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\/\/[^/@\s]*@/g, '//');
}
