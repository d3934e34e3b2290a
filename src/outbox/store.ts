/**
 * All of the library's SQL about messages: the outbox, the inbox, the failures. What is decided about them is decided elsewhere,
 * over `MessageStore`, so that the rules can be run without a database too.
 */
import { jsonLines } from './arrays.ts';
import type { Message } from './message.ts';
import { dueSince } from './sweep.ts';
import type { Sql, Statement } from './transaction.ts';

/** How long a row belongs to whoever took it, in seconds: twice the time in which a publish is confirmed or given up. */
export const leaseSeconds = 10;
/** Rows that a relay claims at once: a few packets of each type, sent well within their lease. */
export const maxClaimed = 500;

/** A row of the outbox as it is claimed. */
export interface ClaimedRow {
  readonly id: string;
  readonly type: string;
  /** The message as JSON. */
  readonly json: string;
  /** How often the broker has refused it. */
  readonly attempts: number;
}

/** A parked message as it is taken for its next attempt. */
export interface ParkedMessage {
  readonly json: string;
  readonly type: string | null;
  readonly subject: string | null;
  readonly attempts: number;
  readonly parkedAt: Date;
}

/** When a failure is tried again; null: dead, a person decides. */
export type WaitSeconds = number | null;

/** The statement that writes messages, born leased. It is not sent yet: it travels with the commit. */
function insertMessages(sql: Sql, rows: readonly { message: Message; json: string }[]): Statement {
  return sql`
    insert into outbox (id, type, subject, message, leased_until)
    select id, type, subject, message::json, clock_timestamp() + make_interval(secs => ${leaseSeconds})
    from unnest(
      ${rows.map(({ message }) => message.id)}::uuid[], ${rows.map(({ message }) => message.type)}::text[],
      ${rows.map(({ message }) => message.subject)}::text[], ${jsonLines(
        sql,
        rows.map(({ json }) => json),
      )}
    ) as message (id, type, subject, message)`;
}

/**
 * Takes up to `limit` rows that nobody is sending, oldest lease first, and leases them to the caller: those whose lease ended in
 * the last `lastSeconds`, or all (see `Sweep`). By `ctid`, which a locked row keeps: a plan that needs no statistics, which a table
 * that is mostly empty never has.
 */
function claimMessages(sql: Sql, limit: number, lastSeconds: number | null): Promise<readonly ClaimedRow[]> {
  return sql<ClaimedRow[]>`
    update outbox set leased_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where ctid = any(array(
      select ctid from outbox where leased_until >= ${dueSince(sql, lastSeconds)} and leased_until <= now()
      order by leased_until limit ${limit} for update skip locked
    ))
    returning id, type, message::text as json, attempts`;
}

/**
 * Forgets rows that the broker has confirmed. In id order, so that two who delete never wait for each other in a circle. Whoever calls need not wait
 * for the disk: what a crash brings back is sent again, and the inbox knows it.
 */
function deleteMessages(sql: Sql, ids: readonly string[]): readonly Statement[] {
  return [sql`delete from outbox where id = any(${[...ids].sort()}::uuid[])`];
}

/** Counts a refusal and offers the rows again in `inSeconds`. */
async function countRefusal(
  sql: Sql,
  refusal: { readonly ids: readonly string[]; readonly error: string; readonly inSeconds: number },
): Promise<void> {
  await sql`
    update outbox set attempts = attempts + 1, last_error = ${refusal.error},
      leased_until = clock_timestamp() + make_interval(secs => ${refusal.inSeconds})
    where id = any(${[...refusal.ids].sort()}::uuid[])`;
}

/** Which of these messages have not left yet: while its command waits here, nobody can have missed its answer. */
export async function unsent(sql: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await sql<{ id: string }[]>`select id from outbox where id = any(${[...ids]}::uuid[])`;
  return new Set(rows.map(({ id }) => id));
}

/**
 * Writes ids into the inbox and returns those that were not there yet. A parked one is not written: its retry has it in hand.
 * The ids go in sorted, so that two batches with common messages cannot wait for each other in a circle.
 */
async function rememberFresh(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    insert into inbox (id)
    select id from unnest(${[...ids]}::uuid[]) as arrived (id)
    where not exists (select from inbox_failures where inbox_failures.id = arrived.id)
    order by id
    on conflict do nothing returning id`;
  return rows.map(({ id }) => id);
}

/** Writes ids into the inbox, parked or not, and returns those that were not there yet. */
async function remember(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    insert into inbox (id) select id from unnest(${[...ids]}::uuid[]) as id order by id
    on conflict do nothing returning id`;
  return rows.map(({ id }) => id);
}

/** Which of these ids are parked. */
async function parkedAmong(sql: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await sql<{ id: string }[]>`
    select id from inbox_failures where id = any(${[...ids]}::uuid[])`;
  return new Set(rows.map(({ id }) => id));
}

/** Which of these messages were started before, in this run or in another, and have had no effect yet. */
async function startedAmong(sql: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await sql<{ id: string }[]>`select id from inbox_starts where id = any(${[...ids]}::uuid[])`;
  return new Set(rows.map(({ id }) => id));
}

/** Counts a start of each message and returns the most that one of them has. Starts in one run of a program are one. */
async function countStarts(sql: Sql, ids: readonly string[], run: string): Promise<number> {
  if (ids.length === 0) return 0;
  const rows = await sql<{ starts: number }[]>`
    insert into inbox_starts (id, run) select id, ${run} from unnest(${[...ids]}::uuid[]) as id order by id
    on conflict (id) do update set run = excluded.run, started_at = now(),
      starts = inbox_starts.starts + (inbox_starts.run <> excluded.run)::integer
    returning starts`;
  return Math.max(...rows.map(({ starts }) => starts));
}

async function forgetStarts(sql: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql`delete from inbox_starts where id = any(${[...ids].sort()}::uuid[])`;
}

/**
 * Puts a message aside after its first failed attempt. One that is there already is only counted. `isFull`: no other is kept, and
 * false says so.
 */
async function park(
  sql: Sql,
  failure: {
    readonly id: string;
    readonly type: string | null;
    readonly subject: string | null;
    readonly json: string;
    readonly error: string;
    readonly waitSeconds: WaitSeconds;
  },
  isFull: boolean,
): Promise<boolean> {
  const { id, type, subject, json, error, waitSeconds } = failure;
  const { count } = await sql`
    insert into inbox_failures (id, type, subject, message, error, next_attempt_at)
    select ${id}, ${type}, ${subject}, ${json}::text::json, ${error}, now() + make_interval(secs => ${waitSeconds})
    where not ${isFull}::boolean or exists (select from inbox_failures where id = ${id})
    on conflict (id) do update set seen = inbox_failures.seen + 1, failed_at = now()`;
  return count > 0;
}

/** How many failures there are; from `limit` on it does not go on counting. */
async function countFailures(sql: Sql, limit: number): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) from (select from inbox_failures limit ${limit}) as kept`;
  return row?.count ?? 0;
}

/** Ids of failures that are due, the longest overdue first. */
async function dueFailures(sql: Sql, limit: number): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from inbox_failures where next_attempt_at <= now() order by next_attempt_at limit ${limit}`;
  return rows.map(({ id }) => id);
}

/** Locks a failure that is due; undefined: somebody else has it, or it is not due any more. */
async function lockDueFailure(sql: Sql, id: string): Promise<ParkedMessage | undefined> {
  const [row] = await sql<ParkedMessage[]>`
    select message::text as json, type, subject, attempts, parked_at as "parkedAt" from inbox_failures
    where id = ${id} and next_attempt_at <= now() for update skip locked`;
  return row;
}

/** Locks a failure, due or not. False: it is gone. */
async function lockFailure(sql: Sql, id: string): Promise<boolean> {
  return (await sql`select 1 from inbox_failures where id = ${id} for update`).length > 0;
}

/** Writes down an attempt: how many there have been, when the next one is due, and, once it is known, why it failed. */
async function updateFailure(
  sql: Sql,
  failure: {
    readonly id: string;
    readonly attempts: number;
    readonly waitSeconds: WaitSeconds;
    readonly error?: string;
  },
): Promise<void> {
  const { id, attempts, waitSeconds, error = null } = failure;
  await sql`
    update inbox_failures set attempts = ${attempts}, error = coalesce(${error}, error), failed_at = now(),
      next_attempt_at = now() + make_interval(secs => ${waitSeconds})
    where id = ${id}`;
}

/** Forgets failures and returns the ids of those that there were. */
async function deleteFailures(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    delete from inbox_failures where id = any(${[...ids]}::uuid[]) returning id`;
  return rows.map(({ id }) => id);
}

/** Gives parked and dead messages all their attempts again, the next one now. Returns how many there were. */
async function redrive(sql: Sql, ids: readonly string[]): Promise<number> {
  const { count } = await sql`
    update inbox_failures set attempts = 0, next_attempt_at = now()
    where id = any(${[...ids]}::uuid[])`;
  return count;
}

/** The SQL of all of it. A memory that keeps the same promises can take its place. */
export const messageStore = {
  insertMessages,
  claimMessages,
  deleteMessages,
  countRefusal,
  unsent,
  rememberFresh,
  remember,
  parkedAmong,
  startedAmong,
  countStarts,
  forgetStarts,
  park,
  countFailures,
  dueFailures,
  lockDueFailure,
  lockFailure,
  updateFailure,
  deleteFailures,
  redrive,
};

export type MessageStore = typeof messageStore;
