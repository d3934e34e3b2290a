import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { createRetention } from './retention.ts';

const database = await openTestDatabase('outbox');
const day = 86_400_000;
const today = new Date('2026-03-15T08:00:00Z');

const partitions = async () =>
  (
    await database.query(
      (sql) => sql<{ name: string }[]>`
        select inhrelid::regclass::text as name from pg_inherits where inhparent = 'inbox'::regclass order by 1`,
    )
  ).map(({ name }) => name);
const idAt = (msFromToday: number) => uuidv7({ msecs: today.getTime() + msFromToday });
const remember = (id: string) => database.query((sql) => sql`insert into inbox (id) values (${id})`);

test('there is a partition for every day of the last fortnight and of the next week, also for two replicas at once', async () => {
  const retention = createRetention(database, () => today);
  await Promise.all([retention.runOnce(), retention.runOnce()]);
  const names = await partitions();
  expect(names).toHaveLength(22);
  expect(names[0]).toBe('inbox_20260301');
  expect(names[21]).toBe('inbox_20260322');
  for (const days of [-14, -1, 0, 1, 7]) await remember(idAt(days * day));
  await expect(remember(idAt(9 * day))).rejects.toThrow('no partition');
});

test('each day one is made ahead and one dropped behind', async () => {
  await createRetention(database, () => new Date(today.getTime() + 2 * day)).runOnce();
  const names = await partitions();
  expect(names).toHaveLength(22);
  expect(names[0]).toBe('inbox_20260303');
  expect(names[21]).toBe('inbox_20260324');
});

test('a handler in the middle of its transaction is not waited for by new partitions', async () => {
  await database.transaction(async (sql) => {
    await sql`insert into inbox (id) values (${idAt(3 * day)})`;
    await createRetention(database, () => new Date(today.getTime() + 2 * day)).runOnce();
  });
});

test('a drop that has to wait gives up and comes again', async () => {
  const later = createRetention(database, () => new Date(today.getTime() + 4 * day));
  await database.transaction(async (sql) => {
    await sql`insert into inbox (id) values (${idAt(3 * day)})`;
    await expect(later.runOnce()).rejects.toMatchObject({ code: '55P03' });
  });
  await later.runOnce();
  expect((await partitions())[0]).toBe('inbox_20260305');
});
