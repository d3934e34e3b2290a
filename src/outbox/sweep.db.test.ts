import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { messageStore } from './store.ts';

const database = await openTestDatabase('sweep');

const insert = (messages: number, leaseEndedSecondsAgo: number) =>
  database.query(
    (sql) => sql`
      insert into outbox (id, type, subject, message, leased_until)
      select gen_random_uuid(), 'stock.reserve', '1', '{}', now() - make_interval(secs => ${leaseEndedSecondsAgo})
      from generate_series(1, ${messages})`,
  );

/** Claims, and tells how many entries of the index of due times were read for it, those of rows that are gone included. */
const claim = (lastSeconds: number | null) =>
  database.transaction(async (sql) => {
    const rows = await messageStore.claimMessages(sql, 10, lastSeconds);
    const [stats] = await sql<{ read: number }[]>`
      select pg_stat_get_xact_tuples_returned('outbox_due'::regclass) as read`;
    return { rows: rows.length, read: stats?.read ?? 0 };
  });

test('while an old snapshot is open, only a search from the oldest on reads again what was dealt with', async () => {
  await database.transaction(async (sql) => {
    await sql`set transaction isolation level repeatable read`;
    await sql`select 1`;
    await insert(5_000, 300);
    await database.query((other) => other`delete from outbox`);
    await insert(1, 300);
    await insert(2, 3);

    const recent = await claim(20);
    expect(recent.rows).toBe(2);
    expect(recent.read).toBeLessThan(10);
    const all = await claim(null);
    expect(all.rows).toBe(1);
    expect(all.read).toBeGreaterThan(5_000);
  });
});

test('a row that became due at this moment is found', async () => {
  await insert(1, 0);
  expect((await claim(20)).rows).toBe(1);
});
