/** The database: transactions that are all or nothing, and over in time, whatever becomes of the connection. */
import type { Connection, ConnectionOptions, Sql, Statement } from './connection.ts';
import { atDeadline, createPool, DatabaseTimeout } from './pool.ts';

export type { Sql, Statement } from './connection.ts';
export { DatabaseBusy, DatabaseTimeout } from './pool.ts';

export interface DatabaseOptions extends ConnectionOptions {
  /** Connections at most. Default 10: with batches, more connections only queue inside PostgreSQL. */
  readonly maxConnections?: number;
  /** The limit of those who name no deadline, in milliseconds. Default 10,000. */
  readonly limitMs?: number;
}

/** How long the database may take. */
export interface Limits {
  /**
   * On this process's monotonic clock (`performance.now()`), in milliseconds: whose commit has not been sent by then has not
   * happened, and rejects with `DatabaseTimeout`. Default: `limitMs` from now. `Infinity`: whenever it is done, for migrations.
   */
  readonly deadlineMs?: number;
}

export interface Database {
  /** Runs one statement in a transaction of its own. Two statements have nothing in common: use `transaction`. */
  query<T>(statement: (sql: Sql) => Promise<T>, limits?: Limits): Promise<T>;
  /**
   * Runs `work` between begin and commit. If it rejects, nothing of it has happened and nothing will; but for `OutcomeUnknown`,
   * which is thrown when the commit was sent and no answer came.
   */
  transaction<T>(
    work: (sql: Sql) => Promise<T>,
    options?: Limits & {
      /** Statements, not sent yet, that travel with the commit: if one of them fails, it is none. */
      readonly last?: (sql: Sql) => readonly Statement[];
      /** Its statements find their rows by indexes whatever the parameters: their plans are made once for a connection, and kept. */
      readonly keepPlans?: boolean;
    },
  ): Promise<T>;
  /** Runs statements that need no answer in one transaction, all in one round trip. */
  write(statements: (sql: Sql) => readonly Statement[], limits?: Limits): Promise<void>;
  /** How many connections are open and how many of those idle, and how many callers wait for one. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Refuses new work, waits for what is in hand, closes every connection. */
  close(): Promise<void>;
}

/** The commit was sent and its answer did not come: it may have happened or not. Who asks a few seconds later finds out. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/**
 * For workers and consumers: what they do takes a tenth of a second at most, what waits for a lock is better tried again, and
 * a consumer that has lost its database can still find that out a few times before it hands its messages back (60 s).
 */
const defaultLimitMs = 10_000;
/** A commit that was sent by the deadline is waited for this much longer: a late answer is worth more than none. */
const commitGraceMs = 300;

/** Opens a pool of connections. Nothing is connected until the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { limitMs = defaultLimitMs } = options;
  const pool = createPool({ maxConnections: 10, ...options });

  async function within<T>(
    run: (connection: Connection, course: Course) => Promise<T>,
    { deadlineMs = performance.now() + limitMs }: Limits,
  ): Promise<T> {
    const connection = await pool.acquire(deadlineMs);
    const course: Course = { deadlineMs, commitSent: false };
    const limit = limitOf(course);
    try {
      const result = await Promise.race([run(connection, course), limit.reached]);
      pool.release(connection);
      return result;
    } catch (error) {
      if (error instanceof DatabaseTimeout) pool.giveUp(connection);
      else pool.discard(connection);
      if (course.commitSent && !isRefusal(error))
        throw new OutcomeUnknown('the commit was not answered', { cause: error });
      // PostgreSQL's clock was a little faster than ours, or an operator has cancelled it.
      throw codeOf(error) === queryCanceled ? tooLate(error) : error;
    } finally {
      limit.end();
    }
  }

  const transaction: Database['transaction'] = (work, options = {}) =>
    within(({ sql }, course) => {
      const { last, keepPlans = false } = options;
      return run(sql, begin(sql, course, keepPlans), work, last, course);
    }, options);

  return {
    query: (statement, limits) => transaction(statement, limits),
    transaction,
    write: (statements, limits = {}) =>
      within(
        ({ sql }, course) => commit(sql, [begin(sql, course, true), ...statements(sql)], course),
        limits,
      ),
    connections: pool.connections,
    close: pool.close,
  };
}

/** How far a transaction has come, and when it must be over. */
interface Course {
  readonly deadlineMs: number;
  commitSent: boolean;
}

async function run<T>(
  sql: Sql,
  first: Statement,
  work: (sql: Sql) => Promise<T>,
  last: ((sql: Sql) => readonly Statement[]) | undefined,
  course: Course,
): Promise<T> {
  // Not awaited: it travels with the first statement. If it is lost, so is the connection, and that statement with it.
  const begun = first.execute();
  const [result] = await Promise.all([work(sql), begun]);
  await commit(sql, last?.(sql) ?? [], course);
  return result;
}

/** Sends the last statements of a transaction, and its commit with them. */
async function commit(sql: Sql, last: readonly Statement[], course: Course): Promise<void> {
  const statements = [...last, sql.unsafe('commit')];
  // The clock itself is asked: a timer may be late, and whoever waited has been told that nothing happened.
  if (performance.now() >= course.deadlineMs) throw tooLate();
  course.commitSent = true;
  // Sent in this order, whoever made them: the driver sends a statement when it is executed, not when it is written.
  const answers = await Promise.all(statements.map((statement) => statement.execute()));
  // PostgreSQL answers ROLLBACK if a statement failed and its error was swallowed.
  if (answers.at(-1)?.command !== 'COMMIT') throw new RolledBack();
}

/** Plans are made for the tables as they are: one that was kept from when a table was new would read all of it, until somebody analyzes it. */
const newPlans = 'set local plan_cache_mode = force_custom_plan';
/** A plan for any table, also one without statistics: whoever may not read all of it takes the index. To plan costs more than to look. */
const keptPlans = 'set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off';

/**
 * The limits are for a backend that is cut off: it gives up by itself, soon after we have, and a commit that comes later than that
 * finds nothing to commit. (PostgreSQL 17 could limit the whole transaction; older ones could not.) All of it for this transaction
 * only, as PgBouncer in transaction mode wants it.
 */
function begin(sql: Sql, { deadlineMs }: Course, keepPlans: boolean): Statement {
  const leftMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
  return sql.unsafe(
    `begin; ${keepPlans ? keptPlans : newPlans}; set local statement_timeout = ${
      Number.isFinite(leftMs) ? leftMs : 0
    }; set local idle_in_transaction_session_timeout = ${Math.min(leftMs, defaultLimitMs)}`,
  );
}

/** Rejects at the deadline; if the commit was sent by then, after its grace. */
function limitOf(course: Course) {
  const { deadlineMs } = course;
  let end = () => {};
  const reached = new Promise<never>((_, reject) => {
    end = atDeadline(deadlineMs, () => {
      if (!course.commitSent) reject(tooLate());
      else end = atDeadline(deadlineMs + commitGraceMs, () => reject(tooLate()));
    });
  });
  return { reached, end: () => end() };
}

const queryCanceled = '57014';
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined);

const tooLate = (cause?: unknown) => new DatabaseTimeout('the database did not answer in time', { cause });

/** Thrown when PostgreSQL has said no to a commit. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';
  constructor() {
    super('the transaction was rolled back: one of its statements had failed');
  }
}

/** PostgreSQL itself has said that it did not commit. With its last words (FATAL) it may say so of what it has committed. */
function isRefusal(error: unknown): boolean {
  if (error instanceof RolledBack) return true;
  return (
    error instanceof Error &&
    error.name === 'PostgresError' &&
    'severity' in error &&
    error.severity === 'ERROR'
  );
}
