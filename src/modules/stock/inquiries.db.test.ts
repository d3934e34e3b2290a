import { v7 as uuidv7 } from 'uuid';
import { beforeEach, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/support/database.ts';
import type { Message } from '../../outbox/index.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { createInquiries, inquiryStore } from '../inquiries.ts';
import { createStock } from './index.ts';

const afterSeconds = 300;
const stock = createStock({ inquiryAfterSeconds: afterSeconds });
const database = await openTestDatabase('stock', stock.migrations);

/** Nobody sends: whatever Stock says stays in its outbox, where the tests read it. */
const dispatcher = { dispatch: async () => {}, room: () => 0, stop: async () => {} };
const unit = createUnitOfWork({ database, source: '/stock', dispatcher });
const inquiries = createInquiries({ unit, participant: 'stock', table: 'reservations', afterSeconds });

beforeEach(async () => {
  await database.query((sql) => sql`truncate reservations, outbox`);
});

/** Reservations of these ids that are held since long. */
const hold = (...ids: string[]) =>
  database.query(
    (sql) => sql`
      insert into reservations (order_id, state, lines, inquire_at)
      select id, 'held', '[]', now() - interval '1 second' from unnest(${ids}::uuid[]) as id`,
  );
const overdue = () =>
  database.query(
    (sql) => sql`update reservations set inquire_at = now() - interval '1 second' where state = 'held'`,
  );
const asked = async () =>
  (await database.query((sql) => sql<{ message: Message }[]>`select message from outbox order by id`)).map(
    ({ message }) => message,
  );
/** As if the broker were there and had taken everything. */
const sendAll = () => database.query((sql) => sql`delete from outbox`);

test('the clock of the module asks for what is held, and not for what has ended', async () => {
  const [held, recent, ended] = [uuidv7(), uuidv7(), uuidv7()];
  await hold(held, recent, ended);
  await database.query(
    (sql) => sql`update reservations set inquire_at = now() + interval '1 minute' where order_id = ${recent}`,
  );
  await database.query(
    (sql) => sql`update reservations set state = 'committed', inquire_at = null where order_id = ${ended}`,
  );
  const { clocks } = stock.open({ database, unit, log: () => {}, observer: {} });
  for (const clock of clocks) clock.start();
  // They finish what they have begun.
  await Promise.all(clocks.map((clock) => clock.stop()));
  expect(await asked()).toMatchObject([
    { type: 'order.inquire', subject: held, data: { participant: 'stock' }, source: '/stock' },
  ]);
});

test('a search for the latest ones finds those, one for all finds all', async () => {
  const [old, late] = [uuidv7(), uuidv7()];
  await hold(old, late);
  await database.query(
    (sql) => sql`update reservations set inquire_at = now() - interval '100 seconds' where order_id = ${old}`,
  );
  const found = async (lastSeconds: number | null) =>
    (await database.transaction((sql) => inquiryStore.lockDue(sql, 'reservations', 10, lastSeconds))).map(
      ({ orderId }) => orderId,
    );
  expect(await found(20)).toEqual([late]);
  expect(await found(null)).toEqual([old, late]);
});

test('the wait doubles from question to question, up to an hour', async () => {
  await hold(uuidv7());
  const waits: number[] = [];
  for (let time = 0; time < 6; time += 1) {
    await overdue();
    await sendAll();
    await inquiries.runOnce();
    expect(await asked()).toHaveLength(1);
    const [row] = await database.query(
      (sql) => sql<{ seconds: number }[]>`
        select extract(epoch from inquire_at - now())::float8 as seconds from reservations`,
    );
    waits.push(Math.round((row?.seconds ?? 0) / 10) * 10);
  }
  expect(waits).toEqual([300, 600, 1_200, 2_400, 3_600, 3_600]);
});

test('a question that has not left yet is not asked again', async () => {
  await hold(uuidv7());
  await inquiries.runOnce();
  await overdue();
  await inquiries.runOnce();
  expect(await asked()).toHaveLength(1);
  await sendAll();
  await overdue();
  await inquiries.runOnce();
  expect(await asked()).toHaveLength(1);
});

test('two at the same moment ask once, at most 500 in one run', async () => {
  await hold(...Array.from({ length: 1_100 }, () => uuidv7()));
  await database.query((sql) => sql`update reservations set inquire_at = now() - interval '1 hour'`);
  // One that has looked for nothing yet; as long as it has not found all, it looks for all.
  const fresh = createInquiries({ unit, participant: 'stock', table: 'reservations', afterSeconds });
  await Promise.all([fresh.runOnce(), fresh.runOnce()]);
  const first = await asked();
  expect(first.length % 500).toBe(0);
  expect(new Set(first.map(({ subject }) => subject)).size).toBe(first.length);
  await fresh.runOnce();
  await fresh.runOnce();
  expect(await asked()).toHaveLength(1_100);
});
