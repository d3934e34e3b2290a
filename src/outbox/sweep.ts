/** Where a search for what is due begins: it does not read again what was dealt with long ago. */
import type { Sql } from './transaction.ts';

/** What became due so long before the last sweep is found by the next one, if its transaction was open then: none is open longer. */
const marginSeconds = 11;
/** Whatever else is missed (somebody edits a due time, a clock is set) is found by then. */
const fromTheOldestEveryMs = 30_000;

export interface Sweep {
  /** It looks for what became due in so many seconds; null: for all that is due. */
  readonly lastSeconds: number | null;
  /** All that was due has been found, and what was done about it is committed: the next sweep begins here. */
  done(): void;
}

/**
 * Returns what begins a sweep. Rows that were dealt with leave entries in the index of due times, and while an old snapshot is open
 * (a backup, a report, a forgotten transaction) vacuum may not clear them away: a search from the oldest on reads them all, every
 * time, and more every minute. Here only the first one does, until it is done, and one every 30 s, done or not: those between them
 * still find what became due lately.
 */
export function createSweeps(nowMs: () => number = () => performance.now()): () => Sweep {
  let lastMs = Number.NEGATIVE_INFINITY;
  let fromTheOldestMs = Number.NEGATIVE_INFINITY;
  return () => {
    const beganMs = nowMs();
    const all = lastMs === Number.NEGATIVE_INFINITY || beganMs - fromTheOldestMs >= fromTheOldestEveryMs;
    if (all) fromTheOldestMs = beganMs;
    return {
      lastSeconds: all ? null : (beganMs - lastMs) / 1_000 + marginSeconds,
      done() {
        lastMs = beganMs;
      },
    };
  };
}

/** The earliest due time that a sweep looks at: `where due_at >= ${dueSince(sql, lastSeconds)} and due_at <= now()`. */
export const dueSince = (sql: Sql, lastSeconds: number | null) =>
  sql`coalesce(now() - make_interval(secs => ${lastSeconds}), '-infinity')`;
