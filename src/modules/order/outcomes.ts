/** Who waits for orders' outcomes, and when they are there: one query for all of them, whichever replica handles the steps. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../outbox/index.ts';
import { findEnded } from './store.ts';

/** Each holds a connection of its client's, and an id in the query. Who comes after them is not made to wait: it was a preference. */
const maxWaiting = 2_000;
/** Between two questions: an outcome is known this much later. */
const minRestMs = 15;
/** A question that takes long, because many are asked about or the database is busy, is asked less often: a tenth of the time at most. */
const restPerQuestion = 9;
/** A database that does not answer is asked no more often than that. */
const failureRestMs = 500;

export interface Outcomes {
  /**
   * Resolves when the order has its outcome, after `seconds`, when `signal` says that nobody waits any more, or at `end`. False: it was not
   * waited for, because too many wait already.
   */
  wait(orderId: string, seconds: number, signal: AbortSignal): Promise<boolean>;
  /** Nobody waits any longer. */
  end(): void;
}

export function createOutcomes(database: Pick<Database, 'query'>): Outcomes {
  /** By order, what ends the waiting for it. */
  const waiting = new Map<string, Set<() => void>>();
  let count = 0;
  let ended = false;
  let asking = false;

  function tell(orderId: string): void {
    for (const done of waiting.get(orderId) ?? []) done();
  }

  async function askOnce(): Promise<number> {
    const startMs = performance.now();
    try {
      for (const id of await database.query((sql) => findEnded(sql, [...waiting.keys()]))) tell(id);
      return Math.max(minRestMs, (performance.now() - startMs) * restPerQuestion);
    } catch {
      // Whoever waits has his order, and hears what is known of it when his time is up.
      return failureRestMs;
    }
  }

  async function ask(): Promise<void> {
    asking = true;
    while (waiting.size > 0) await pause(await askOnce());
    asking = false;
  }

  return {
    async wait(orderId, seconds, signal) {
      if (ended || count >= maxWaiting) return false;
      count += 1;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          const others = waiting.get(orderId);
          others?.delete(done);
          if (others?.size === 0) waiting.delete(orderId);
          resolve();
        };
        const timer = setTimeout(done, seconds * 1_000);
        signal.addEventListener('abort', done);
        const all = waiting.get(orderId) ?? new Set();
        waiting.set(orderId, all.add(done));
        if (signal.aborted) done();
        if (!asking) void ask();
      });
      count -= 1;
      return true;
    },
    end() {
      ended = true;
      for (const id of [...waiting.keys()]) tell(id);
    },
  };
}
