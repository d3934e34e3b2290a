/** When orders were confirmed, asked afterwards and all at once: whoever looks every few milliseconds takes what he measures. */
import type { Database } from '../src/outbox/index.ts';

/** Ids in one question. */
const atOnce = 5_000;

/**
 * In milliseconds since 1970, by order. `commitTimes`: the moment at which PostgreSQL writes the commit, before the disk has it;
 * without them the moment that is stored with the order, when the confirming transaction began.
 */
export async function confirmedAt(
  database: Database,
  placed: readonly (readonly [id: string, dueMs: number])[],
  commitTimes: boolean,
): Promise<ReadonlyMap<string, number>> {
  const time = commitTimes ? 'pg_xact_commit_timestamp(xmin)' : 'updated_at';
  const found = new Map<string, number>();
  for (let from = 0; from < placed.length; from += atOnce) {
    const ids = placed.slice(from, from + atOnce).map(([id]) => id);
    const rows = await database.query((sql) =>
      sql.unsafe<{ id: string; ms: number }[]>(
        `select id, extract(epoch from ${time})::float8 * 1000 as ms from orders
        where id = any($1::uuid[]) and status = 'confirmed'`,
        [ids],
      ),
    );
    for (const { id, ms } of rows) found.set(id, ms);
  }
  return found;
}
