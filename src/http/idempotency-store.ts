/** What was answered to whom, in the database of the module that did it. */
import type { Database, Migration, Sql, Worker } from '../outbox/index.ts';
import table from './migrations/001_idempotency.sql';

/** Who takes requests with keys needs the table. */
export const idempotencyMigrations: readonly Migration[] = [{ name: 'http/001_idempotency', sql: table }];

/** A client tries again within minutes; a day leaves time for its operator. */
const keptHours = 24;
/** Deleted in one statement: a few milliseconds of work. */
const maxForgottenAtOnce = 2_000;
const forgetEveryMs = 30_000;
/** Whoever is at work on the same request elsewhere is usually done in a few milliseconds; others wait meanwhile. */
const inFlightMs = 100;

/** A request that is to be done once. */
export interface Asked {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** An answer as it is kept: it is given again byte for byte. */
export interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

/** What a key says: the request is new; or it was answered; or the key belongs to another one. */
export type Taken = 'new' | 'reused' | { readonly answered: Answer };

/** Somebody is at work on the same request at this moment. */
export class RequestInProgress extends Error {
  override readonly name = 'RequestInProgress';
  constructor() {
    super('the same request is still being handled');
  }
}

/**
 * Takes the keys of requests, in their transaction: those that are new belong to it. `answer`, where it is known already, is kept at once;
 * otherwise `keepAnswer` must come before the commit. Throws `RequestInProgress` if another transaction has one of the keys in hand.
 */
export async function takeKeys(
  sql: Sql,
  wishes: readonly (Asked & { readonly answer?: Answer })[],
): Promise<readonly Taken[]> {
  if (wishes.length === 0) return [];
  const first = new Map(wishes.toReversed().map((wish) => [nameOf(wish), wish]));
  const rows = [...first.values()].map(({ answer, ...asked }) => ({ ...asked, ...answer }));
  // Sent one after the other, they travel in one round trip. The limit is for the insert alone, which waits for whoever has the key.
  const [, inserted] = await Promise.all([
    sql.unsafe(`set local lock_timeout = ${inFlightMs}`).execute(),
    insertKeys(sql, rows),
    sql.unsafe('set local lock_timeout to default').execute(),
  ]).catch((error: unknown) => {
    throw isLockTimeout(error) ? new RequestInProgress() : error;
  });
  const fresh = new Set(inserted.map(nameOf));
  const known = fresh.size === wishes.length ? new Map<string, KeyRow>() : await findKeys(sql, rows);
  return wishes.map((wish) => {
    const name = nameOf(wish);
    if (fresh.has(name) && first.get(name) === wish) return 'new';
    const row = known.get(name);
    // Forgotten in this very moment: it may come again as a new one.
    if (!row || row.status === null) throw new RequestInProgress();
    const { fingerprint, status, location, body } = row;
    return fingerprint === wish.fingerprint ? { answered: { status, location, body } } : 'reused';
  });
}

/** Keeps the answer to a request whose key this transaction has taken. */
export async function keepAnswer(sql: Sql, { scope, key }: Asked, answer: Answer): Promise<void> {
  await sql`
    update idempotency_keys set status = ${answer.status}, location = ${answer.location}, body = ${answer.body}
    where scope = ${scope} and key = ${key}`;
}

/** Forgets what is older than a day. */
export function createForgetting(database: Database): Worker {
  return {
    name: 'idempotency keys',
    everyMs: forgetEveryMs,
    async runOnce() {
      const { count } = await database.query(
        (sql) => sql`
          delete from idempotency_keys where ctid = any(array(
            select ctid from idempotency_keys where created_at < now() - make_interval(hours => ${keptHours})
            order by created_at limit ${maxForgottenAtOnce} for update skip locked))`,
      );
      return { more: count === maxForgottenAtOnce };
    },
  };
}

interface KeyRow extends Asked {
  readonly status: number | null;
  readonly location: string | null;
  readonly body: string;
}

const nameOf = ({ scope, key }: Pick<Asked, 'scope' | 'key'>) => `${scope}\n${key}`;

/** In one order everywhere, so that two transactions with common keys cannot wait for each other in a circle. */
function insertKeys(sql: Sql, rows: readonly object[]) {
  return sql<Pick<Asked, 'scope' | 'key'>[]>`
    insert into idempotency_keys (scope, key, fingerprint, status, location, body)
    select * from json_to_recordset(${JSON.stringify(rows)}::text::json)
      as asked (scope text, key text, fingerprint text, status integer, location text, body text)
    order by scope, key
    on conflict do nothing returning scope, key`.execute();
}

async function findKeys(sql: Sql, asked: readonly Asked[]): Promise<ReadonlyMap<string, KeyRow>> {
  const rows = await sql<KeyRow[]>`
    select scope, key, fingerprint, status, location, body from idempotency_keys
    where (scope, key) in (
      select * from unnest(${asked.map(({ scope }) => scope)}::text[], ${asked.map(({ key }) => key)}::text[]))`;
  return new Map(rows.map((row) => [nameOf(row), row]));
}

const isLockTimeout = (error: unknown) => error instanceof Error && 'code' in error && error.code === '55P03';
