/** What an operator looks at: what waits to be sent, what could not be handled, and why. Reads only. */
import type { Database, Sql } from './transaction.ts';

/** More kinds of failure than this are one failure: everything is broken. */
const maxGroups = 100;
/** Examples of a group's messages, to look at one. */
const maxExamples = 10;
/** Failures that one action takes, so that it is one short statement; the next action takes the next ones. */
const maxSelected = 10_000;

/** Messages of one type that have not been sent and confirmed. */
export interface Waiting {
  readonly type: string;
  readonly messages: number;
  readonly oldestAt: Date;
  /** The most often that the broker has refused one of them, and its last word. */
  readonly attempts: number;
  readonly lastError: string | null;
}

/** Failures of one type with one error, ids and numbers in it left out. */
export interface FailureGroup {
  readonly type: string | null;
  readonly error: string;
  /** Those that are tried again by themselves. */
  readonly parked: number;
  /** Those that wait for a person. */
  readonly dead: number;
  /** How often they came in. */
  readonly seen: number;
  readonly oldestAt: Date;
  readonly latestAt: Date;
  readonly exampleIds: readonly string[];
}

/** One failure, whole. The message may hold a secret: mask it before it is shown. */
export interface Failure {
  readonly id: string;
  readonly type: string | null;
  readonly subject: string | null;
  readonly message: unknown;
  readonly error: string;
  readonly attempts: number;
  readonly seen: number;
  /** Null: dead, a person decides. */
  readonly nextAttemptAt: Date | null;
  readonly parkedAt: Date;
  readonly failedAt: Date;
}

/** Which failures an action is meant for: some, a group as it was shown, or all. */
export type FailureSelection =
  | { readonly ids: readonly string[] }
  | { readonly group: { readonly type: string | null; readonly error: string } }
  | 'all';

/** How much there is at this moment. */
export interface MessagingLevels {
  readonly outboxMessages: number;
  /** The age of the oldest of them, in seconds; 0 if there is none. */
  readonly outboxOldestSeconds: number;
  readonly parked: number;
  readonly dead: number;
}

export interface Overview {
  levels(): Promise<MessagingLevels>;
  waiting(): Promise<readonly Waiting[]>;
  /** The largest groups first, at most 100. */
  failureGroups(): Promise<readonly FailureGroup[]>;
  failure(id: string): Promise<Failure | undefined>;
  /** The ids of up to 10,000 failures, the oldest first. */
  select(selection: FailureSelection): Promise<readonly string[]>;
}

export function createOverview(database: Database): Overview {
  return {
    levels: () => database.query(readLevels),

    waiting: () =>
      database.query(
        (sql) => sql<Waiting[]>`
          select type, count(*) as messages, min(created_at) as "oldestAt", max(attempts) as attempts,
            (array_agg(last_error order by attempts desc) filter (where last_error is not null))[1] as "lastError"
          from outbox group by type order by min(created_at)`,
      ),

    failureGroups: () =>
      database.query(
        (sql) => sql<FailureGroup[]>`
          select type, ${groupedError(sql)} as error, count(*) filter (where next_attempt_at is not null) as parked,
            count(*) filter (where next_attempt_at is null) as dead, sum(seen)::bigint as seen,
            min(parked_at) as "oldestAt", max(failed_at) as "latestAt",
            (array_agg(id order by parked_at))[1:${maxExamples}] as "exampleIds"
          from inbox_failures group by 1, 2 order by count(*) desc, 2, 1 limit ${maxGroups}`,
      ),

    failure: (id) =>
      database.query(async (sql) => {
        const [failure] = await sql<Failure[]>`
          select id, type, subject, message, error, attempts, seen, next_attempt_at as "nextAttemptAt",
            parked_at as "parkedAt", failed_at as "failedAt"
          from inbox_failures where id = ${id}`;
        return failure;
      }),

    select: (selection) =>
      database.query(async (sql) => {
        const rows = await sql<{ id: string }[]>`
          select id from inbox_failures where ${condition(sql, selection)}
          order by parked_at, id limit ${maxSelected}`;
        return rows.map(({ id }) => id);
      }),
  };
}

export async function readLevels(sql: Sql): Promise<MessagingLevels> {
  const [levels] = await sql<MessagingLevels[]>`
    select (select count(*) from outbox) as "outboxMessages",
      (select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 from outbox)
        as "outboxOldestSeconds",
      count(*) filter (where next_attempt_at is not null) as parked,
      count(*) filter (where next_attempt_at is null) as dead
    from inbox_failures`;
  if (!levels) throw new Error('the levels were not read');
  return levels;
}

/** Errors differ by the ids and numbers in them: without those, the same fault is one group. */
const groupedError = (sql: Sql) =>
  sql`regexp_replace(error, '[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+', '…', 'g')`;

function condition(sql: Sql, selection: FailureSelection) {
  if (selection === 'all') return sql`true`;
  if ('ids' in selection) return sql`id = any(${[...selection.ids]}::uuid[])`;
  const { type, error } = selection.group;
  return sql`type is not distinct from ${type} and ${groupedError(sql)} = ${error}`;
}
