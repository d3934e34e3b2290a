/** Reading much of a database as it is at one moment, in portions: memory does not grow with the tables. */
import type { Database, Sql, Statement } from './transaction.ts';

/** At some hundred bytes a row: large enough that the round trip does not count, small enough to hold several. */
const portionRows = 2_000;

/** All of it, in milliseconds: some hundred million rows. It keeps what it sees from being vacuumed. */
const limitMs = 60 * 60_000;
/**
 * Limits are made for a module's daily work. Here a statement may sum a whole table, and the reader may be waiting for another
 * database; what takes longer than this has been forgotten by its reader.
 */
const patience =
  "set local statement_timeout = '10min'; set local idle_in_transaction_session_timeout = '10min'";
/** A query fixes the view: from here on nothing that others commit is seen. */
const begin = `set transaction isolation level repeatable read, read only; ${patience}; select 1`;

/** Runs `work` on one unchanging view of the database, which it cannot write to. The view is of before `work` is called. */
export function snapshot<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  return database.transaction(
    async (sql) => {
      await sql.unsafe(begin);
      return work(sql);
    },
    { deadlineMs: performance.now() + limitMs },
  );
}

/**
 * The rows of a query, portion by portion; the next one is fetched while the last is being read. Within a transaction only, and
 * `name` names its cursor there.
 */
export async function* portions<Row extends object>(
  sql: Sql,
  name: string,
  query: Statement,
): AsyncGenerator<readonly Row[]> {
  await sql`declare ${sql(name)} no scroll cursor for ${query}`;
  // Unprepared: what a fetch returns depends on its cursor.
  const fetch = () => {
    const fetching = sql.unsafe<Row[]>(`fetch ${portionRows} from "${name}"`).execute();
    // A reader that stops early does not wait for it.
    fetching.catch(() => {});
    return fetching;
  };
  for (let next = fetch(); ; ) {
    const rows = await next;
    if (rows.length === portionRows) next = fetch();
    if (rows.length > 0) yield rows;
    if (rows.length < portionRows) return;
  }
}
