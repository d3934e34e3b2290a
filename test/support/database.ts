/** A migrated database for one test file, open. */
import { afterAll } from 'vitest';
import {
  type Database,
  type Migration,
  migrate,
  openDatabase,
  outboxMigrations,
} from '../../src/outbox/index.ts';
import { createDatabase } from './postgres.ts';

/**
 * Clones a database that has the outbox library's tables and `migrations`; dropped when the file is done. Call it at the top
 * of a file or of a `describe`.
 */
export async function openTestDatabase(
  name: string,
  migrations: readonly Migration[] = [],
): Promise<Database & { readonly url: string }> {
  const { url, drop } = await createDatabase({
    templateName: name,
    template: async (templateUrl) => {
      const database = openDatabase({ url: templateUrl, name: 'template', maxConnections: 1 });
      await migrate(database, [...outboxMigrations, ...migrations]);
      await database.close();
    },
  });
  const database = openDatabase({ url, name: 'test' });
  afterAll(async () => {
    await database.close();
    await drop();
  });
  return { ...database, url };
}

/** Keeps everybody else out of a table until the returned function is called, however long that is. */
export function lockTable(database: Database, table: string): Promise<() => Promise<void>> {
  return new Promise((locked, failed) => {
    const held = database.transaction(
      async (sql) => {
        // A transaction has this limit whatever its deadline is: who holds a lock must not sleep on it.
        await sql`set local idle_in_transaction_session_timeout = 0`;
        await sql`lock table ${sql(table)} in access exclusive mode`;
        await new Promise<void>((release) =>
          locked(() => {
            release();
            return held;
          }),
        );
      },
      { deadlineMs: Number.POSITIVE_INFINITY },
    );
    held.catch(failed);
  });
}
