/** Inbox partitions: made ahead, dropped behind, so that remembering a fortnight of messages costs nothing. */
import type { Worker } from './loop.ts';
import type { Database, Sql } from './transaction.ts';

/** A message handled longer ago than this may come again only by hand; hearts are idempotent by order then. */
const retentionDays = 14;
/** Starts of messages that were handled elsewhere meanwhile: nobody asks for them after the outage that caused them. */
const startsKept = '1 day';
/** A retention that fails goes unnoticed for at most a week. */
const aheadDays = 7;
const dayMs = 86_400_000;
/** Dropping a partition shuts the inbox for a moment: rather try again than let handlers queue behind a long query. */
const dropLockTimeout = '500ms';
/** "inbx" in ASCII: replicas take turns. */
const lockKey = 0x696e6278;

const uuidv7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The time inside a UUIDv7, in milliseconds since 1970; undefined for any other text (RFC 9562, section 5.7). */
export function timeOfId(id: string): number | undefined {
  const [, high, low] = uuidv7.exec(id) ?? [];
  return high && low ? Number.parseInt(high + low, 16) : undefined;
}

/**
 * Where an id belongs: in the inbox, in none because its partition may be gone (`old`), or nowhere because it cannot be
 * right (`impossible`: no UUIDv7, or more than a day ahead). A day is left to clocks that disagree and to a late sweep.
 */
export function placeOfId(id: string, now: Date): 'inbox' | 'old' | 'impossible' {
  const time = timeOfId(id);
  if (time === undefined || time > now.getTime() + dayMs) return 'impossible';
  return time < now.getTime() - (retentionDays - 1) * dayMs ? 'old' : 'inbox';
}

/** Keeps one partition for every day from 14 days ago to 7 days ahead. */
export function createRetention(database: Database, clock: () => Date = () => new Date()): Worker {
  return {
    name: 'inbox retention',
    everyMs: 3_600_000,
    async runOnce() {
      const today = Math.floor(clock().getTime() / dayMs);
      await database.transaction((sql) => attachMissing(sql, today));
      for (const name of await partitions(database))
        if (name < partitionName(today - retentionDays)) await drop(database, name);
      await database.query(
        (sql) => sql`delete from inbox_starts where started_at < now() - ${startsKept}::interval`,
      );
      return { more: false };
    },
  };
}

/** Made standalone and attached then: unlike `create table partition of`, that does not wait for running handlers. */
async function attachMissing(sql: Sql, today: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockKey})`;
  const present = new Set(await partitionNames(sql));
  const statements: string[] = [];
  for (let day = today - retentionDays; day <= today + aheadDays; day += 1) {
    const name = partitionName(day);
    if (present.has(name)) continue;
    statements.push(
      `create table ${name} (like inbox including all)`,
      `alter table inbox attach partition ${name} for values from ('${firstId(day)}') to ('${firstId(day + 1)}')`,
    );
  }
  if (statements.length > 0) await sql.unsafe(statements.join(';\n'));
}

async function drop(database: Database, name: string): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.unsafe(`set local lock_timeout = '${dropLockTimeout}'`);
    await sql.unsafe(`drop table if exists ${name}`);
  });
}

const partitions = (database: Database) => database.query((sql) => partitionNames(sql));

async function partitionNames(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ name: string }[]>`
    select child.relname as name from pg_inherits
    join pg_class child on child.oid = inhrelid where inhparent = 'inbox'::regclass order by 1`;
  return rows.map(({ name }) => name);
}

/** As `inbox_20260301`: names sort as days do. */
function partitionName(day: number): string {
  return `inbox_${new Date(day * dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** The smallest UUID whose first 48 bits are the start of the day. */
function firstId(day: number): string {
  const hex = (day * dayMs).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
