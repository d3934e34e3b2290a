/** Numbered SQL, applied once and in order, by whichever replica comes first. */
import { createHash } from 'node:crypto';
import outboxTables from './migrations/001_outbox.sql';
import startsTable from './migrations/002_starts.sql';
import type { Database, Limits, Sql } from './transaction.ts';

/** One step of a schema's history. Once released its text never changes: a change is a new migration. */
export interface Migration {
  /** As `order/001_orders`: the owner and a number that sorts. */
  readonly name: string;
  readonly sql: string;
}

/** The library's own tables; they come before those of the module that uses them. */
export const outboxMigrations: readonly Migration[] = [
  { name: 'outbox/001_outbox', sql: outboxTables },
  { name: 'outbox/002_starts', sql: startsTable },
];

/** A migration that was applied has been edited or taken away since: nobody can say what the schema is. */
export class MigrationChanged extends Error {
  override readonly name = 'MigrationChanged';
}

/** A new index on a large table takes minutes, and so does waiting for a replica that makes it. */
const unlimited = { deadlineMs: Number.POSITIVE_INFINITY };
/** "saga" in ASCII: any fixed number does; all who migrate the same database use the same. */
const lockKey = 0x73616761;

/**
 * Brings the database to the newest schema and returns the names of what was applied. All of it is one transaction under a
 * transaction-level advisory lock: replicas that start together take turns, a failure leaves nothing behind, and it works
 * behind PgBouncer in transaction mode. It takes the time it takes. Throws `MigrationChanged`.
 */
export function migrate(database: Database, migrations: readonly Migration[]): Promise<readonly string[]> {
  return database.transaction(async (sql) => {
    await sql`select pg_advisory_xact_lock(${lockKey})`;
    await sql`
      create table if not exists migrations (
        name text primary key, checksum text not null, applied_at timestamptz not null default now()
      )`;
    const applied = await appliedMigrations(sql);
    const pending = migrations.filter((migration) => !isApplied(migration, applied));
    for (const { name, sql: text } of pending) {
      await sql.unsafe(text);
      await sql`insert into migrations (name, checksum) values (${name}, ${checksum(text)})`;
    }
    return pending.map(({ name }) => name);
  }, unlimited);
}

/** The names of migrations that this program has and the database has not; empty: ready. Throws `MigrationChanged`. */
export function pendingMigrations(
  database: Database,
  migrations: readonly Migration[],
  limits: Limits = {},
): Promise<readonly string[]> {
  return database.transaction(async (sql) => {
    const [table] = await sql<{ exists: boolean }[]>`select to_regclass('migrations') is not null as exists`;
    const applied = table?.exists ? await appliedMigrations(sql) : new Map<string, string>();
    return migrations.filter((migration) => !isApplied(migration, applied)).map(({ name }) => name);
  }, limits);
}

async function appliedMigrations(sql: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ name: string; checksum: string }[]>`select name, checksum from migrations`;
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

function isApplied(migration: Migration, applied: ReadonlyMap<string, string>): boolean {
  const known = applied.get(migration.name);
  if (known === undefined) return false;
  if (known !== checksum(migration.sql))
    throw new MigrationChanged(
      `migration ${migration.name} was edited after it had been applied: put its text back and write a new migration instead`,
    );
  return true;
}

/** Line ends do not count: a checkout on another system is the same migration. */
function checksum(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}
