/** The program over a database that falls silent, is refused or is blocked: every answer in time, and every answer true. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/outbox/index.ts';
import { lockTable } from '../support/database.ts';
import { watchStalls } from '../support/patience.ts';
import { createDatabase } from '../support/postgres.ts';
import { type Program, startProgram } from '../support/program.ts';
import { openProxy, type TestProxy } from '../support/proxy.ts';
import { inParallel } from '../support/shop.ts';
import { until } from '../support/until.ts';

/** Everybody has an answer by then; the rest is for the machine that runs the tests. */
const answeredMs = 2_000;
const slackMs = 3_000;

const { url, drop } = await createDatabase();
let direct: Database;
let proxy: TestProxy;
let program: Program;
let startedMs: number;
const stalls = watchStalls();

beforeAll(async () => {
  direct = openDatabase({ url, name: 'test' });
  proxy = await openProxy(url);
  // No broker is there: orders are taken all the same.
  startedMs = performance.now();
  program = await startProgram({
    MODULE: 'order',
    ORDER_DATABASE_URL: proxy.url,
    AMQP_URL: 'amqp://127.0.0.1:1',
  });
  await direct.query((sql) => sql`update catalogue set listed_at = now()`);
  await direct.query(
    (sql) => sql`
      insert into products (sku, name, unit_price, currency, version) values ('MUG-01', 'Mug', 1250, 'EUR', 1)`,
  );
});

afterEach(() => proxy.resume());

afterAll(async () => {
  expect(await program.end()).toBe(0);
  await stalls.close();
  await proxy.close();
  await direct.close();
  await drop();
});

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly id: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

async function ask(path: string, customerId?: string): Promise<Answer> {
  const startMs = performance.now();
  const response = await fetch(`${program.url}${path}`, {
    ...(customerId && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ customerId, lines: [{ sku: 'MUG-01', quantity: 1 }], paymentToken: 'tok_visa' }),
    }),
  });
  await response.text();
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    id: response.headers.get('location')?.split('/').at(-1),
    startMs,
    endMs: performance.now(),
  };
}

const well = () =>
  until('orders are taken again', async () => (await ask('/orders', 'somebody else')).status === 201);
const ready = () => until('it is ready', async () => (await ask('/readyz')).status === 200);

/** Orders of this customer that nobody was told of, and orders that somebody was told of and that are not there. */
async function lies(customerId: string, answers: readonly Answer[]) {
  // A commit that could still come has come or cannot come any more.
  await until('no transaction is left', () =>
    direct.query(
      async (sql) =>
        (
          await sql`
            select 1 from pg_stat_activity where application_name like 'order-saga%' and xact_start < now() - interval '2 s'`
        ).length === 0,
    ),
  );
  const rows = await direct.query(
    (sql) => sql<{ id: string }[]>`select id from orders where customer_id = ${customerId}`,
  );
  const there = new Set(rows.map(({ id }) => id));
  // A 503 with a location says that it does not know of that order.
  const told = new Set(answers.map(({ id }) => id));
  return {
    ghosts: [...there].filter((id) => !told.has(id)).length,
    lost: answers.filter(({ status, id }) => status === 201 && !there.has(id ?? '')).length,
  };
}

/** Not counting for how long the whole machine has stood still. */
async function expectInTime(answers: readonly Pick<Answer, 'startMs' | 'endMs'>[], withinMs = answeredMs) {
  for (const { startMs, endMs } of answers.filter(({ startMs, endMs }) => endMs - startMs > withinMs))
    expect(endMs - startMs - (await stalls.lostMs(startMs, endMs))).toBeLessThan(withinMs + slackMs);
}

test.each([
  ['falls silent', () => proxy.stall(), () => proxy.resume()],
  ['refuses', () => proxy.refuse(), () => proxy.accept()],
])('a database that %s under load: 201 or 503 in time, no ghost, nothing lost', async (name, away, back) => {
  await well();
  await ready();
  const answers: Answer[] = [];
  let stopped = false;
  const load = inParallel(20, 100_000, async () => {
    if (!stopped) answers.push(await ask('/orders', name));
  });
  await until('some are placed', () => answers.length > 100);
  for (let round = 0; round < 3; round += 1) {
    await away();
    const seen = answers.length;
    await until('all have felt it', () => answers.length >= seen + 40);
    const [live, unready] = await Promise.all([ask('/livez'), ask('/readyz')]);
    expect([live.status, unready.status]).toEqual([200, 503]);
    await expectInTime([live, unready]);
    await back();
    await well();
  }
  stopped = true;
  await load;
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 503]));
  expect(answers.filter(({ status, retryAfter }) => status === 503 && retryAfter !== '1')).toEqual([]);
  await expectInTime(answers);
  expect(await lies(name, answers)).toEqual({ ghosts: 0, lost: 0 });
  await ready();
});

test('a blocked table and more requests than it takes: 503 for all, ready all the while, well at once', async () => {
  await well();
  const release = await lockTable(direct, 'orders');
  const answers: Answer[] = [];
  await Promise.all(Array.from({ length: 1_500 }, async () => answers.push(await ask('/orders', 'many'))));
  // Three times as many as there are connections, all of them blocked: it is busy, and ready.
  let stopped = false;
  const readers = inParallel(30, 100_000, async () => {
    if (!stopped) await ask('/orders');
  });
  await ready();
  expect((await ask('/livez')).status).toBe(200);
  stopped = true;
  await readers;
  await release();
  await well();
  expect(answers.filter(({ status, retryAfter }) => status !== 503 || retryAfter !== '1')).toEqual([]);
  expect(await lies('many', answers)).toEqual({ ghosts: 0, lost: 0 });
  // One line a second, not one a request.
  const lines = program.output().split('\n');
  expect(lines.filter((line) => line.includes('requests cannot be answered')).length).toBeLessThan(
    (performance.now() - startedMs) / 1_000 + 2,
  );
});

test('a stop while the database is silent: what is in hand is answered, and it ends in time', async () => {
  const other = await startProgram({
    MODULE: 'order',
    ORDER_DATABASE_URL: proxy.url,
    AMQP_URL: 'amqp://127.0.0.1:1',
  });
  await until('it is ready', async () => (await fetch(`${other.url}/readyz`)).status === 200);
  proxy.stall();
  const answer = fetch(`${other.url}/orders`);
  await until('the request is in hand', async () => (await fetch(`${other.url}/readyz`)).status === 503);
  const startMs = performance.now();
  const code = other.end();
  expect((await answer).status).toBe(503);
  expect(await code).toBe(0);
  await expectInTime([{ startMs, endMs: performance.now() }], 10_000);
});
