/** The broker stays away while a module has ever more to say: its memory stays as it is, and all of it arrives afterwards. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDispatcher } from '../../src/outbox/dispatcher.ts';
import { openDatabase } from '../../src/outbox/index.ts';
import { createUnitOfWork } from '../../src/outbox/outbox.ts';
import { agree } from '../support/agreement.ts';
import { createScriptedBroker } from '../support/broker.ts';
import { openNode } from '../support/node.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cart, inParallel, type Order } from '../support/shop.ts';
import { openSplitShop, type SplitShop } from '../support/split.ts';
import { until } from '../support/until.ts';

const messages = 200_000;
const products = 1_000;
const orders = 1_000;
/** One transaction each. */
const perUnit = 1_000;
/** Longer than a lease (10 s): the relay would take every row again and again, if it took any. */
const awayMs = 15_000;
const maxRssMb = 300;
const drainedWithinMs = 240_000;

const node = await openNode();
afterAll(() => node.close());

const report = (what: string, figures: object) =>
  process.stdout.write(`${what} ${JSON.stringify(figures)}\n`);

describe.skipIf(node.control === undefined)('a broker that is away', () => {
  const databases: TestDatabase[] = [];
  let shop: SplitShop;
  let sampling: NodeJS.Timeout;
  const sent: string[] = [];
  const maxSeenMb: Record<string, number> = {};

  beforeAll(async () => {
    databases.push(...(await Promise.all(['order', 'stock', 'payment'].map(() => createDatabase()))));
    const [order = '', stock = '', payment = ''] = databases.map(({ url }) => url);
    const databaseUrls = { order, stock, payment };
    const amqpUrl = node.url ?? '';
    shop = await openSplitShop({
      databaseUrls,
      amqpUrls: { order: amqpUrl, stock: amqpUrl, payment: amqpUrl },
      direct: { databaseUrls, amqpUrl },
      env: {},
    });
    await shop.opened();
    sampling = setInterval(() => {
      for (const [name, { pid }] of Object.entries(shop.programs))
        maxSeenMb[name] = Math.max(maxSeenMb[name] ?? 0, rssMb(pid));
    }, 100);
  });

  afterAll(async () => {
    clearInterval(sampling);
    await shop?.stop();
    await Promise.all(databases.map(({ drop }) => drop()));
  });

  test(`${messages} messages wait, under ${maxRssMb} MB, and arrive when it is back`, async () => {
    await node.control?.stopApp();
    const filledInMs = await duration(fill);
    const placed: Order[] = [];
    await inParallel(20, orders, async () => void placed.push(await shop.place(cart('PEN-01'))));
    // The time itself is what is tested.
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    expect(await count('stock', 'outbox')).toBeGreaterThanOrEqual(messages);
    const whileAwayMb = { ...maxSeenMb };

    await node.control?.startApp();
    const drainedInMs = await duration(() =>
      until(
        'all have left and arrived',
        async () => (await count('stock', 'outbox')) === 0 && (await count('order', 'inbox')) >= messages,
        drainedWithinMs,
      ),
    );
    expect(await arrived()).toBe(messages);
    const newest = await shop.look<{ name: string }>(
      'order',
      (sql) => sql`select distinct name from products where sku like 'SKU-%'`,
    );
    expect(newest).toEqual([{ name: `version ${messages / products}` }]);

    const ended = await shop.allEnded(placed);
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'confirmed'));
    await agree(shop);
    report('backlog', { filledInMs, drainedInMs, whileAwayMb, maxSeenMb });
    for (const [name, mb] of Object.entries(maxSeenMb)) expect(mb, name).toBeLessThan(maxRssMb);
    expect(Math.min(...Object.values(maxSeenMb))).toBeGreaterThan(20);
  });

  /** Stock announces that its products have changed, again and again, as its own unit of work does it. */
  async function fill(): Promise<void> {
    const database = openDatabase({ url: shop.databaseUrls.stock ?? '', name: 'test', maxConnections: 4 });
    const broker = createScriptedBroker();
    broker.ready = false;
    const dispatcher = createDispatcher({ database, broker, news: [] });
    const unit = createUnitOfWork({ database, source: '/stock', dispatcher });
    await inParallel(4, messages / perUnit, (n) =>
      unit.run(async ({ send }) => {
        for (let i = n * perUnit; i < (n + 1) * perUnit; i += 1) {
          const sku = `SKU-${i % products}`;
          const version = 1 + Math.floor(i / products);
          const data = { sku, name: `version ${version}`, unitPrice: 100, currency: 'EUR', version };
          sent.push(send({ type: 'product.changed', subject: sku, data }).id);
        }
      }),
    );
    await database.close();
  }

  const count = async (module: 'order' | 'stock', table: 'inbox' | 'outbox') => {
    const [row] = await shop.look<{ count: number }>(
      module,
      (sql) => sql`select count(*) from ${sql(table)}`,
    );
    return row?.count ?? 0;
  };
  const arrived = async () => {
    const [row] = await shop.look<{ count: number }>(
      'order',
      (sql) => sql`select count(*) from inbox where id = any(${sent}::uuid[])`,
    );
    return row?.count;
  };
});

/** What the process has in memory now, in MB. */
function rssMb(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kb) / 1_024);
}

async function duration(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round(performance.now() - startMs);
}
