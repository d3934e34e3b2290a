/** Parked messages: what could not be handled waits here for its next attempt, or, dead, for a person. */
import { createHash } from 'node:crypto';
import { DeadMessage, describe, isEnvironmental } from './faults.ts';
import { admit, type Handle, type Handles } from './inbox.ts';
import type { Worker } from './loop.ts';
import { decode } from './message.ts';
import type { Observer } from './observe.ts';
import type { UnitOfWork } from './outbox.ts';
import { placeOfId } from './retention.ts';
import { nextRetry, type RetryPolicy } from './retry.ts';
import type { Database, Sql } from './transaction.ts';

/** Failures tried in one run of the worker. */
const maxRetriedAtOnce = 100;
/** Of what is no message only so much is kept, in characters: enough to see what it was. */
const maxContentLength = 64 * 1_024;

export interface Failures {
  /** Puts a message aside, by itself, in a transaction of its own. `content`: the message, or what came in its place. */
  park(failure: { readonly content: unknown; readonly error: unknown }): Promise<void>;
  /** Gives dead messages all their attempts again, at once. Returns how many there were. */
  redrive(ids: readonly string[]): Promise<number>;
  /** Forgets failures for good: their messages count as handled. Returns how many there were. */
  discard(ids: readonly string[]): Promise<number>;
  /** Tries again what is due. */
  retries(handling: { readonly handles: Handles; readonly handle: Handle }): Worker;
}

export function createFailures(options: {
  readonly database: Database;
  readonly unit: UnitOfWork;
  readonly policy: RetryPolicy;
  readonly observer?: Observer;
}): Failures {
  const { database, unit, policy, observer = {} } = options;

  const retryAfter = (error: unknown, attempts: number) =>
    error instanceof DeadMessage ? 'dead' : nextRetry(policy, attempts, Math.random());

  async function park({
    content,
    error,
  }: {
    readonly content: unknown;
    readonly error: unknown;
  }): Promise<void> {
    const row = rowOf(content, error);
    const retry = retryAfter(error, 1);
    await database.query(
      (sql) => sql`
        insert into inbox_failures (id, type, subject, message, error, next_attempt_at)
        values (${row.id}, ${row.type}, ${row.subject}, ${row.json}::text::json, ${describe(error)}, ${dueAt(sql, retry)})
        on conflict (id) do update set seen = inbox_failures.seen + 1, failed_at = now()`,
    );
    const { id, type, subject } = row;
    observer.parked?.({ id, type, subject, error: describe(error), attempts: 1, dead: retry === 'dead' });
  }

  /** Handles one parked message and forgets the failure, in one transaction. False: somebody else has it, or it is not due. */
  async function retry(id: string, { handles, handle }: { handles: Handles; handle: Handle }): Promise<void> {
    await unit.run(async (open) => {
      const { sql } = open;
      const [row] = await sql<{ json: string; parked_at: Date }[]>`
        select message::text as json, parked_at from inbox_failures
        where id = ${id} and next_attempt_at <= now() for update skip locked`;
      if (!row) return;
      const [entry] = decode(Buffer.from(row.json), row.parked_at);
      const { message, fault } = admit(
        entry ?? { content: null, fault: 'nothing was kept' },
        handles,
        new Date(),
      );
      if (!message) throw new DeadMessage(fault);
      if (await isFirst(sql, message.id)) await handle(open, [message]);
      await sql`delete from inbox_failures where id = ${id}`;
    });
  }

  async function countFailure(id: string, error: unknown): Promise<void> {
    await database.transaction(async (sql) => {
      const [row] = await sql<{ attempts: number; type: string | null; subject: string | null }[]>`
        select attempts, type, subject from inbox_failures where id = ${id} for update`;
      if (!row) return;
      const attempts = row.attempts + 1;
      const retry = retryAfter(error, attempts);
      await sql`
        update inbox_failures set attempts = ${attempts}, error = ${describe(error)}, failed_at = now(),
          next_attempt_at = ${dueAt(sql, retry)}
        where id = ${id}`;
      const { type, subject } = row;
      observer.parked?.({ id, type, subject, attempts, error: describe(error), dead: retry === 'dead' });
    });
  }

  return {
    park,

    async redrive(ids) {
      const { count } = await database.query(
        (sql) => sql`
          update inbox_failures set attempts = 0, next_attempt_at = now()
          where id = any(${[...ids]}::uuid[]) and next_attempt_at is null`,
      );
      return count;
    },

    discard: (ids) =>
      database.transaction(async (sql) => {
        const rows = await sql<{ id: string }[]>`
          delete from inbox_failures where id = any(${[...ids]}::uuid[]) returning id`;
        const kept = rows.map(({ id }) => id).filter((id) => placeOfId(id, new Date()) === 'inbox');
        await sql`
          insert into inbox (id) select id from unnest(${kept}::uuid[]) as id order by id on conflict do nothing`;
        return rows.length;
      }),

    retries: (handling) => ({
      name: 'failure retries',
      everyMs: 1_000,
      async runOnce() {
        const due = await database.query(
          (sql) => sql<{ id: string }[]>`
            select id from inbox_failures where next_attempt_at <= now()
            order by next_attempt_at limit ${maxRetriedAtOnce}`,
        );
        for (const { id } of due) {
          try {
            await retry(id, handling);
          } catch (error) {
            if (isEnvironmental(error)) throw error;
            await countFailure(id, error);
          }
        }
        return { more: due.length === maxRetriedAtOnce };
      },
    }),
  };
}

/** Remembers the id and says whether it was new. An id too old to be remembered counts as new. */
async function isFirst(sql: Sql, id: string): Promise<boolean> {
  if (placeOfId(id, new Date()) !== 'inbox') return true;
  const { count } = await sql`insert into inbox (id) values (${id}) on conflict do nothing`;
  return count === 1;
}

/** Null is dead. */
function dueAt(sql: Sql, retry: ReturnType<typeof nextRetry>) {
  return retry === 'dead' ? null : sql`now() + make_interval(secs => ${retry.inSeconds})`;
}

/** What is kept of a message, or of what came in its place: that has an id of its own content, so that it is kept once. */
function rowOf(content: unknown, error: unknown) {
  const json = JSON.stringify(content);
  const { id, type, subject } = Object(content) as Record<string, unknown>;
  const onceFor = error instanceof DeadMessage ? error.onceFor : undefined;
  const isMessage =
    typeof id === 'string' && typeof content === 'object' && placeOfId(id, new Date()) !== 'impossible';
  return {
    id: isMessage && onceFor === undefined ? id : idOfText(onceFor ?? json),
    type: shortText(type),
    subject: shortText(subject),
    json: json.length <= maxContentLength ? json : JSON.stringify(json.slice(0, maxContentLength)),
  };
}

const shortText = (value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\u0000', '').slice(0, 500) : null;

/** A UUIDv8 (RFC 9562, section 5.8) that is the same for the same text. */
function idOfText(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
