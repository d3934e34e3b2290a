/** Orders over a database that goes away, falls silent or is blocked: what was answered is what is there. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createScriptedBroker } from '../../../test/support/broker.ts';
import { lockTable, openTestDatabase } from '../../../test/support/database.ts';
import { openProxy } from '../../../test/support/proxy.ts';
import { createApp, listen, openToAll } from '../../http/index.ts';
import { createDispatcher } from '../../outbox/dispatcher.ts';
import { type Database, openDatabase } from '../../outbox/index.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { createOrder } from './index.ts';

const module = createOrder({ stepTimeoutSeconds: 30, stepMaxAttempts: 3 });
/** Past the proxy. */
const direct = await openTestDatabase('order', module.migrations);
const proxy = await openProxy(direct.url);
/** Everybody has an answer by then; the rest is for the machine that runs the tests. Who forgets the deadline waits for 10 s. */
const answeredMs = 2_000;
const slackMs = 7_000;

let database: Database;
let app: ReturnType<typeof createApp>;
let server: Awaited<ReturnType<typeof listen>>;
let unwatch = () => {};

async function open(maxConnections: number, budgetMs?: number): Promise<void> {
  database = openDatabase({ url: proxy.url, name: 'order in trouble', maxConnections });
  const broker = createScriptedBroker();
  broker.ready = false;
  const unit = createUnitOfWork({
    database,
    source: '/order',
    dispatcher: createDispatcher({ database, broker, news: [] }),
  });
  const { routes } = module.open({ database, unit, log: () => {}, observer: {}, budgetMs });
  app = createApp({ routes: [routes], guard: openToAll, ready: async () => [], onError: () => {} });
  server = await listen(app, { host: '127.0.0.1', port: 0 });
}

beforeEach(async () => {
  await direct.query((sql) => sql`truncate orders, order_history, products, outbox`);
  await direct.query((sql) => sql`update catalogue set listed_at = now()`);
  await direct.query(
    (sql) => sql`
      insert into products (sku, name, unit_price, currency, version) values ('MUG-01', 'Mug', 1250, 'EUR', 1)`,
  );
});

afterEach(async () => {
  unwatch();
  proxy.resume();
  await proxy.accept();
  await server.close({ graceMs: 5_000 });
  await database.close();
});

afterAll(() => proxy.close());

interface Answer {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: string | null;
  readonly id: string | undefined;
  /** A 503 that does not know; `id` is then the order it does not know of. */
  readonly unknown: boolean;
}

const order = (customerId = 'cus_1') => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ customerId, lines: [{ sku: 'MUG-01', quantity: 1 }], paymentToken: 'tok_visa' }),
});

async function place(customerId = 'cus_1'): Promise<Answer> {
  const startMs = performance.now();
  const response = await fetch(`${server.url}/orders`, order(customerId));
  await response.text();
  const location = response.headers.get('location');
  return {
    status: response.status,
    ms: performance.now() - startMs,
    retryAfter: response.headers.get('retry-after'),
    id: location?.split('/').at(-1),
    unknown: response.status === 503 && location !== null,
  };
}

const placeMany = (count: number) => Promise.all(Array.from({ length: count }, () => place()));
const stored = async () =>
  (await direct.query((sql) => sql<{ id: string }[]>`select id from orders`)).map(({ id }) => id);
const works = () => expect.poll(async () => (await place('after')).status, { timeout: 10_000 }).toBe(201);
/** No transaction of the time of trouble is left that could still commit. */
const settled = () =>
  expect
    .poll(
      () =>
        direct.query(
          async (sql) =>
            (
              await sql`
                select 1 from pg_stat_activity where application_name = 'order in trouble' and xact_start is not null`
            ).length,
        ),
      { timeout: 10_000 },
    )
    .toBe(0);

/** Orders of `cus_1` that are there although their customers were told that they are not, and the other way round. */
async function lies(answers: readonly Answer[]) {
  const there = new Set(
    (
      await direct.query((sql) => sql<{ id: string }[]>`select id from orders where customer_id = 'cus_1'`)
    ).map(({ id }) => id),
  );
  const idsOf = (some: readonly Answer[]) => new Set(some.map(({ id }) => id ?? ''));
  const placed = idsOf(answers.filter(({ status }) => status === 201));
  const unknown = idsOf(answers.filter(({ unknown }) => unknown));
  return {
    ghosts: [...there].filter((id) => !placed.has(id) && !unknown.has(id)).length,
    lost: [...placed].filter((id) => !there.has(id)).length,
  };
}

/** As a migration would do it. */
const blockOrders = () => lockTable(direct, 'orders');

const inTime = (answers: readonly Answer[]) =>
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(answeredMs + slackMs);

describe('the database away', () => {
  test('refused: 503 with Retry-After, and as soon as it is back all is well', async () => {
    await open(10);
    await works();
    await proxy.refuse();
    const answers = await placeMany(50);
    expect(answers.map(({ status, retryAfter }) => [status, retryAfter])).toEqual(
      answers.map(() => [503, '1']),
    );
    inTime(answers);
    await proxy.accept();
    await works();
    expect(await lies(answers)).toEqual({ ghosts: 0, lost: 0 });
  });

  test('never there and swallowing: 503 with Retry-After in time', async () => {
    await open(10);
    proxy.stall();
    const answers = await placeMany(50);
    const read = await fetch(`${server.url}/orders`);
    expect([...answers.map(({ status }) => status), read.status]).toEqual(Array(51).fill(503));
    inTime(answers);
    proxy.resume();
    await works();
  });

  test('swallowing in the middle of a request: 503 in time, and the order is not there, then or later', async () => {
    await open(10);
    await works();
    const before = await stored();
    unwatch = proxy.watch((bytes, from) => {
      if (from === 'client' && bytes.includes('MUG-01')) proxy.stall();
    });
    // Its statements are prepared by now: what tells the first of them is the product.
    const answer = await place();
    expect(answer).toMatchObject({ status: 503, retryAfter: '1', unknown: false });
    inTime([answer]);
    unwatch();
    await settled();
    proxy.resume();
    await works();
    expect(await stored()).toHaveLength(before.length + 1);
  });

  test.each([
    ['the commit swallowed', undefined, 404],
    ['its answer swallowed', 'answers', 200],
  ] as const)('%s: 503 that says that it does not know, and whom to ask', async (_, held, found) => {
    await open(10);
    await works();
    unwatch = proxy.watch((bytes, from) => {
      if (from === 'client' && bytes.includes('commit')) proxy.stall(held);
    });
    const answer = await place();
    expect(answer).toMatchObject({ status: 503, retryAfter: '1', unknown: true });
    inTime([answer]);
    unwatch();
    await settled();
    proxy.resume();
    await works();
    expect((await fetch(`${server.url}/orders/${answer.id}`)).status).toBe(found);
  });

  test('again and again, at any moment, under load: no ghost and nothing lost', {
    timeout: 90_000,
  }, async () => {
    await open(4);
    await works();
    const answers: Answer[] = [];
    let bytesLeft = Number.POSITIVE_INFINITY;
    unwatch = proxy.watch((bytes) => {
      bytesLeft -= bytes.length;
      if (bytesLeft >= 0) return;
      bytesLeft = Number.POSITIVE_INFINITY;
      if (Math.random() < 0.5) proxy.cut();
      else proxy.stall(Math.random() < 0.3 ? 'answers' : 'both');
    });
    let stopped = false;
    const client = async () => {
      while (!stopped) answers.push(await place());
    };
    const clients = Array.from({ length: 20 }, client);
    for (let round = 0; round < 12; round += 1) {
      bytesLeft = Math.floor(Math.random() * 60_000);
      const seen = answers.filter(({ status }) => status === 503).length;
      // Somebody has felt it.
      await expect
        .poll(() => answers.filter(({ status }) => status === 503).length, { timeout: 10_000 })
        .toBeGreaterThan(seen);
      proxy.resume();
    }
    stopped = true;
    await Promise.all(clients);
    unwatch();
    await works();
    await settled();
    expect(answers.every(({ status }) => status === 201 || status === 503)).toBe(true);
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    inTime(answers);
    expect(await lies(answers)).toEqual({ ghosts: 0, lost: 0 });
  });
});

test('two connections, both blocked, and 1,000 requests: all answered in time, little memory, well at once', async () => {
  await open(2);
  await works();
  const release = await blockOrders();
  const before = process.memoryUsage().rss;
  // Without sockets: 1,000 clients in this very process would be the slowest part of it.
  const ask = async (path: string, init?: RequestInit) => {
    const startMs = performance.now();
    const response = await app.request(path, init);
    const { code } = (await response.json()) as { code?: string };
    answered += 1;
    const { status, headers } = response;
    return { status, code, retryAfter: headers.get('retry-after'), ms: performance.now() - startMs };
  };
  let answered = 0;
  const asking = Array.from({ length: 1_200 }, (_, n) =>
    n % 2 === 0 ? ask('/orders', order()) : ask('/orders'),
  );
  const health: number[] = [];
  do {
    await new Promise((resolve) => setImmediate(resolve));
    health.push((await app.request('/livez')).status);
    // It does not wait behind those who wait.
    if (health.length === 1) expect(answered).toBeLessThan(1_000);
    await pause(100);
  } while (answered < asking.length);
  const answers = await Promise.all(asking);
  expect(answers.every(({ status, retryAfter }) => status === 503 && retryAfter === '1')).toBe(true);
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(answeredMs + slackMs);
  // Those that were one too many have not waited for anything.
  const refused = answers.filter(({ code }) => code === 'too_many_requests_at_once');
  expect(refused.length).toBeGreaterThanOrEqual(200);
  expect(new Set(health)).toEqual(new Set([200]));
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_024 * 1_024);
  await release();
  await settled();
  const after = await place();
  expect(after.status).toBe(201);
  expect(await stored()).toHaveLength(2);
});

test('a request among others has its own deadline: one that came earlier takes nobody with it', async () => {
  // Long enough that a machine that stands still meanwhile makes no difference.
  await open(10, 5_000);
  await works();
  const release = await blockOrders();
  const early = place();
  await pause(3_000);
  const late = place();
  expect(await early).toMatchObject({ status: 503, unknown: false });
  await release();
  expect(await late).toMatchObject({ status: 201 });
  expect(await stored()).toHaveLength(2);
});
