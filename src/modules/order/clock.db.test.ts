import { describe, expect, test } from 'vitest';
import { cart, message, mug, openOrder, patience } from '../../../test/support/order.ts';
import { createListing, isListed } from './catalogue.ts';
import { createDeadlines } from './clock.ts';
import { createNotices } from './notices/notices.ts';
import { orderStore } from './store.ts';

const { database, get, history, list, orderRow, overdue, placed, post, receive, said, sendAll, unit } =
  await openOrder();

const deadlines = createDeadlines(unit, patience);

describe('deadlines', () => {
  test('an overdue command is sent again under a new id; the last one turns the order back', async () => {
    const id = await placed();
    for (const types of [['stock.reserve'], ['stock.reserve'], ['stock.release', 'order.rejected']]) {
      await sendAll();
      await overdue();
      await deadlines.runOnce();
      expect(await said()).toEqual(types);
    }
    expect(await get(id)).toMatchObject({ status: 'rejected', reason: { code: 'timed_out' } });
    expect((await history(id)).map(({ event }) => event)).toEqual([
      'place',
      'deadline',
      'deadline',
      'gave_up',
    ]);
  });

  test('a command that has not left is neither sent again nor counted', async () => {
    const id = await placed();
    for (let n = 0; n < 10; n += 1) {
      await overdue();
      await deadlines.runOnce();
    }
    expect(await said()).toEqual(['stock.reserve']);
    expect(await orderRow(id)).toMatchObject({ step_attempts: 1, step: 'reserving_stock' });
  });

  test('two clocks never take the same order', async () => {
    await list(mug);
    await Promise.all(Array.from({ length: 50 }, () => post('/orders', cart)));
    await sendAll();
    await overdue();
    await database.transaction(async (sql) => {
      await orderStore.lockOverdue(sql, 50, null);
      // What another has in hand is neither taken nor waited for.
      await deadlines.runOnce();
      expect(await said()).toEqual([]);
    });
    await Promise.all([deadlines.runOnce(), deadlines.runOnce(), deadlines.runOnce()]);
    expect(await said()).toHaveLength(50);
  });

  test('a search for the latest ones finds those, one for all finds all', async () => {
    const [old, late] = [await placed(), await placed()];
    const due = (id: string, secondsAgo: number) =>
      database.query(
        (sql) =>
          sql`update orders set deadline_at = now() - make_interval(secs => ${secondsAgo}) where id = ${id}`,
      );
    await due(old, 100);
    await due(late, 1);
    const found = async (lastSeconds: number | null) =>
      (await database.transaction((sql) => orderStore.lockOverdue(sql, 50, lastSeconds))).map(
        ({ order }) => order.id,
      );
    expect(await found(20)).toEqual([late]);
    expect(await found(null)).toEqual([old, late]);
  });

  test('at most 500 in one run', async () => {
    const id = await placed();
    await sendAll();
    await database.query(
      (sql) => sql`
        insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, command_id, deadline_at)
        select gen_random_uuid(), 'cus', step, status, lines, total, currency, 1, gen_random_uuid(), now() - interval '1 hour'
        from orders, generate_series(1, 600) where orders.id = ${id}`,
    );
    // One that has looked for nothing yet; where its first run has not found all, its second looks for all once more.
    const fresh = createDeadlines(unit, patience);
    await fresh.runOnce();
    expect(await said()).toHaveLength(500);
    await fresh.runOnce();
    expect(await said()).toHaveLength(600);
  });
});

describe('the price copy', () => {
  const prices = () =>
    database.query(
      (sql) => sql<{ sku: string; unit_price: number }[]>`select sku, unit_price from products order by sku`,
    );

  test('the newest version wins, whichever way and in whichever order it comes', async () => {
    await receive(
      message('product.changed', 'MUG-01', { ...mug, unitPrice: 2, version: 12 }),
      message('product.changed', 'MUG-01', { ...mug, unitPrice: 1, version: 11 }),
    );
    await list(mug);
    await receive(message('product.changed', 'MUG-01', { ...mug, unitPrice: 9, version: 9 }));
    expect(await prices()).toEqual([{ sku: 'MUG-01', unit_price: 2 }]);
  });

  test('two batches with the same products in opposite order do not wait for each other in a circle', async () => {
    const products = Array.from({ length: 50 }, (_, n) => ({ ...mug, sku: `SKU-${n}` }));
    for (let round = 0; round < 10; round += 1) {
      const versioned = products.map((product) => ({ ...product, version: 100 + round }));
      await Promise.all([list(...versioned), list(...[...versioned].reverse())]);
    }
    expect(await prices()).toHaveLength(50);
  });

  test('the list is asked for once per database, again when no answer comes, and every hour', async () => {
    const listing = createListing(unit, 30);
    await Promise.all([listing.runOnce(), listing.runOnce()]);
    expect(await said()).toEqual(['stock.list_products']);
    await database.query((sql) => sql`update catalogue set asked_at = now() - interval '31 seconds'`);
    await listing.runOnce();
    // Still unsent: not asked twice.
    expect(await said()).toEqual(['stock.list_products']);
    await sendAll();
    await listing.runOnce();
    expect(await said()).toEqual(['stock.list_products']);
    await sendAll();
    expect(await isListed(database)()).toBe(false);
    await list(mug);
    expect(await isListed(database)()).toBe(true);
    await listing.runOnce();
    expect(await said()).toEqual([]);
    const asked = (minutes: number) =>
      database.query(
        (sql) =>
          sql`update catalogue set asked_at = now() - make_interval(mins => ${minutes}), listed_at = now()`,
      );
    await asked(61);
    await listing.runOnce();
    expect(await said()).toEqual(['stock.list_products']);
    await sendAll();
    await asked(2);
    await listing.runOnce();
    expect(await said()).toEqual([]);
    // A start asks, but for a replica that starts beside another.
    await createListing(unit, 30).runOnce();
    await createListing(unit, 30).runOnce();
    expect(await said()).toEqual(['stock.list_products']);
  });
});

test('every outcome is told once', async () => {
  const id = await placed();
  await post(`/orders/${id}/cancel`, {});
  const told: object[] = [];
  const notices = createNotices({ database, mails: false, onHandedOn: (notice) => told.push(notice) });
  await Promise.all([notices.runOnce(), notices.runOnce()]);
  await notices.runOnce();
  expect(told).toEqual([{ orderId: id, status: 'cancelled', seconds: expect.any(Number), deliveries: 0 }]);
});
