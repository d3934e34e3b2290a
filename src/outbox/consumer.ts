/** Takes what has arrived as one batch, has it handled, acknowledges it; meanwhile the next batch gathers. */
import type { Broker, Delivery, Subscription } from './broker.ts';
import type { Arrival, Inbox } from './inbox.ts';
import { decode } from './message.ts';
import type { Observer } from './observe.ts';
import type { Database } from './transaction.ts';

/** Packets on this side of the broker: one batch in hand and the next ones gathering, at most 25 MiB. */
const prefetch = 100;
/** Messages in one transaction: far enough to share its cost, small enough to hold its locks for milliseconds. */
const maxMessagesPerBatch = 500;
/** So long a batch is tried again in place; then it goes back to the broker, for a replica whose database answers. */
const defaultKeepTryingMs = 60_000;
const firstPauseMs = 100;
const maxPauseMs = 5_000;

export interface Consumer {
  start(): void;
  /** Takes nothing more and resolves when the batch in hand is settled; the rest goes back to the queue. */
  stop(): Promise<void>;
}

export function createConsumer(options: {
  readonly broker: Broker;
  readonly database: Database;
  readonly inbox: Inbox;
  readonly observer?: Observer;
  readonly keepTryingMs?: number;
}): Consumer {
  const { broker, database, inbox, observer = {}, keepTryingMs = defaultKeepTryingMs } = options;
  let arrived: Delivery[] = [];
  let subscription: Subscription | undefined;
  let working: Promise<void> | undefined;
  let stopping = false;
  let endPause = () => {};

  function subscribe(): void {
    subscription = broker.subscribe({ prefetch }, (delivery) => {
      arrived.push(delivery);
      // Not at once: what came in the same breath goes along.
      working ??= new Promise(setImmediate).then(work);
    });
  }

  async function work(): Promise<void> {
    while (arrived.length > 0 && !stopping) {
      const batch = takeBatch();
      if (await handle(batch)) for (const { delivery } of batch) delivery.acknowledge();
      else await standAside();
    }
    working = undefined;
  }

  function takeBatch() {
    const batch: { delivery: Delivery; entries: readonly Arrival[] }[] = [];
    let messages = 0;
    while (messages < maxMessagesPerBatch) {
      const delivery = arrived.shift();
      if (!delivery) break;
      const { redelivered } = delivery;
      const entries = decode(delivery.body, delivery.receivedAt).map((entry) =>
        redelivered ? { ...entry, redelivered } : entry,
      );
      messages += entries.length;
      batch.push({ delivery, entries });
    }
    return batch;
  }

  /** True when it is done; false when the environment has failed for too long, or the program stops meanwhile. */
  async function handle(batch: ReturnType<typeof takeBatch>): Promise<boolean> {
    const entries = batch.flatMap(({ entries }) => entries);
    const latestMs = performance.now() + keepTryingMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        await inbox.receive(entries);
        return true;
      } catch (error) {
        if (stopping || performance.now() > latestMs) return false;
        observer.failed?.({ what: 'inbox', error, retryInMs: pauseMs });
        await pause(pauseMs);
      }
    }
  }

  /** Gives everything back and comes again when the database answers. */
  async function standAside(): Promise<void> {
    arrived = [];
    await subscription?.cancel();
    arrived = [];
    while (!stopping && !(await answers(database))) await pause(maxPauseMs);
    if (!stopping) subscribe();
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    start: subscribe,
    async stop() {
      stopping = true;
      endPause();
      await working;
      await subscription?.cancel();
    },
  };
}

async function answers(database: Database): Promise<boolean> {
  try {
    await database.query((sql) => sql`select 1`);
    return true;
  } catch {
    return false;
  }
}
