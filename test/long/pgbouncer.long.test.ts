/** PgBouncer in transaction mode between the modules and their databases, with fewer connections than they ask it for. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../chaos/load.ts';
import { createRandom } from '../chaos/random.ts';
import { agree } from '../support/agreement.ts';
import { openNode } from '../support/node.ts';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cart, inParallel, type Order } from '../support/shop.ts';
import { openSplitShop, type SplitShop } from '../support/split.ts';
import { until } from '../support/until.ts';

/** Short, so that what a killed PgBouncer leaves undone is soon asked for again. */
const impatient = { STEP_TIMEOUT_SECONDS: '1', INQUIRY_AFTER_SECONDS: '2', GATEWAY_TIMEOUT_SECONDS: '1' };
/** Each module opens up to eleven. */
const poolSize = 5;
const names = ['order', 'stock', 'payment'] as const;

const node = await openNode();
afterAll(() => node.close());

describe.skipIf(node.url === undefined || !(await hasPgBouncer()))('behind PgBouncer', () => {
  const databases: TestDatabase[] = [];
  let pgBouncer: PgBouncer;
  let shop: SplitShop;

  beforeAll(async () => {
    databases.push(...(await Promise.all(names.map(() => createDatabase()))));
    const each = (urlOf: (n: number) => string) =>
      Object.fromEntries(names.map((name, n) => [name, urlOf(n)])) as Record<(typeof names)[number], string>;
    const direct = each((n) => databases[n]?.url ?? '');
    pgBouncer = await startPgBouncer(direct, poolSize);
    const amqpUrl = node.url ?? '';
    // The databases are empty: the migrations run through it, too.
    shop = await openSplitShop({
      databaseUrls: each((n) => pgBouncer.urlOf(names[n] ?? '')),
      amqpUrls: each(() => amqpUrl),
      direct: { databaseUrls: direct, amqpUrl },
      // Debian's is 1.18, which does not know prepared statements.
      env: { ...impatient, DATABASE_PREPARE: '0' },
    });
    await shop.opened();
  });

  afterAll(async () => {
    await shop?.stop();
    await pgBouncer?.stop();
    await Promise.all(databases.map(({ drop }) => drop()));
  });

  test('300 orders, 50 at a time: all end, no database has more connections than PgBouncer may open', {
    timeout: 120_000,
  }, async () => {
    const orders: Order[] = [];
    await inParallel(50, 300, async () => void orders.push(await shop.place(cart('PEN-01'))));
    const ended = await shop.allEnded(orders);
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'confirmed'));
    for (const name of names) {
      const through = await shop.look(
        name,
        (sql) => sql`
          select 1 from pg_stat_activity
          where datname = current_database() and application_name like 'order-saga%'`,
      );
      expect(through.length).toBeGreaterThan(0);
      expect(through.length).toBeLessThanOrEqual(poolSize);
    }
    await agree(shop);
  });

  test('it is killed under load and started again: the same processes go on, every order ends', {
    timeout: 120_000,
  }, async () => {
    const load = startLoad(shop.urls.order, 10, createRandom(1));
    await until('customers order', () => load.accepted.size >= 10);
    await pgBouncer.kill();
    await until('nobody is ready', async () =>
      (await Promise.all(names.map((name) => shop.isReady(name)))).every((isReady) => !isReady),
    );
    await until('customers are told', () => (load.refused.get('503') ?? 0) > 0);
    await pgBouncer.startAgain();
    await shop.ready();
    const before = load.accepted.size;
    await until('customers order again', () => load.accepted.size >= before + 10);
    await load.stop();
    await shop.allEnded([...load.accepted].map((id) => ({ id })));
    await agree(shop);
    expect(await Promise.race([...Object.values(shop.programs).map(({ ended }) => ended), 'none'])).toBe(
      'none',
    );
  });
});
