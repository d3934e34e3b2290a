/**
 * Poison: a message whose handling ends the process. It is delivered again, and would end the next process too, for ever. So the
 * starts of what is delivered again are written down before it is handled; what was started before walks alone, so that it cannot
 * take its neighbours along; and what does not survive its starts is parked.
 */
import type { Failures } from './failures.ts';
import { newId } from './id.ts';
import type { Message } from './message.ts';
import type { MessageStore } from './store.ts';
import type { Database } from './transaction.ts';

/**
 * The third start is not made any more. The first delivery is not counted (most never come again), so that a message has had three
 * chances by then: a process that was killed for another reason, twice, while it held the same message, harms nobody.
 */
const maxStarts = 3;

export interface PoisonGuard {
  /** Counts the first starts of messages that were delivered again. Returns those that were started before: they walk alone. */
  startTogether(suspects: readonly Message[]): Promise<readonly Message[]>;
  /** Counts one more start of a message, and handles it, or parks it when it has had its starts. */
  startAlone(message: Message, handle: () => Promise<void>): Promise<void>;
  /** The process is still there: these were not poison. */
  survived(suspects: readonly Message[]): Promise<void>;
}

export function createPoisonGuard(options: {
  readonly database: Database;
  readonly failures: Failures;
  readonly store: MessageStore;
}): PoisonGuard {
  const { database, failures, store } = options;
  /** A message that this run starts again, after its database was away for example, has not ended it. */
  const run = newId();

  const count = (ids: readonly string[]) => database.query((sql) => store.countStarts(sql, ids, run));

  async function survived(suspects: readonly Message[]): Promise<void> {
    if (suspects.length > 0) await database.query((sql) => store.forgetStarts(sql, suspects.map(idOf)));
  }

  return {
    async startTogether(suspects) {
      if (suspects.length === 0) return [];
      const started = await database.query((sql) => store.startedAmong(sql, suspects.map(idOf)));
      await count(suspects.map(idOf).filter((id) => !started.has(id)));
      return suspects.filter(({ id }) => started.has(id));
    },

    async startAlone(message, handle) {
      if ((await count([message.id])) < maxStarts) await handle();
      else {
        const error = new Error(`its handling has ended the process ${maxStarts} times`);
        await failures.park([{ content: message, error }]);
      }
      await survived([message]);
    },

    survived,
  };
}

const idOf = ({ id }: Message) => id;
