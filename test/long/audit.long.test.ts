/** The audit as an operator asks for it: by command, from databases, doors or what was brought along; and under load. */
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Report } from '../../src/audit/audit.ts';
import { fetchPatiently, keyedPost } from '../support/client.ts';
import { makeFolder, removeFolder } from '../support/folder.ts';
import { openVhost } from '../support/node.ts';
import { createDatabase } from '../support/postgres.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';
import { cart, inParallel, openShop, type Shop } from '../support/shop.ts';
import { until } from '../support/until.ts';

const amqpUrl = await openVhost();
const folder = await makeFolder();
afterAll(() => removeFolder(folder));

const ids = (report: Report) =>
  report.findings.flatMap(({ invariant, examples }) =>
    examples.map(({ subject }) => `${invariant} ${subject}`),
  );

describe('what was brought along', () => {
  const env = { DATA_DIR: join(folder, 'data') };
  let program: Program;
  beforeAll(async () => {
    program = await startProgram(env);
  });
  afterAll(async () => {
    await program.end();
  });
  const place = async (url: string, paymentToken = 'tok_visa') => {
    const response = await fetchPatiently(`${url}/orders`, keyedPost(cart('MUG-01', 1, paymentToken)));
    return (await response.json()) as { id: string };
  };

  test('is audited while the program runs, by command and over HTTP, and when it has ended', {
    timeout: 120_000,
  }, async () => {
    await place(program.url);
    await place(program.url, 'tok_declined');
    const running = await runProgram(['audit', '--json'], env);
    expect(JSON.parse(running.output)).toMatchObject({ clean: true, orders: 2, findings: [] });
    expect(running.code).toBe(0);

    const answer = await fetch(`${program.url}/admin/audit?graceSeconds=30`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ clean: true, graceSeconds: 30, orders: 2 });

    expect(await program.end()).toBe(0);
    const ended = await runProgram(['audit'], env);
    expect(ended.output).toContain('2 orders audited');
    expect(ended.output).toContain('clean: nothing is wrong');
    expect(ended.code).toBe(0);
    // It left the folder as it was.
    program = await startProgram(env);
    await until('it is ready', async () => (await fetch(`${program.url}/readyz`)).status === 200);
  });

  test('facts are told line by line, from one moment, whole', async () => {
    const text = await (await fetch(`${program.url}/admin/payment/facts`)).text();
    const facts = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { fact: string });
    expect(facts[0]).toMatchObject({ fact: 'messaging', module: 'payment' });
    expect(facts[1]).toEqual({ fact: 'gateway', showsBooks: true });
    expect(facts.at(-1)).toEqual({ fact: 'end' });
    expect(text).not.toContain('tok_');
  });

  test('one audit after the other, and facts only of orders', async () => {
    for (const _ of ['first', 'second'])
      expect((await fetchPatiently(`${program.url}/admin/audit`)).status).toBe(200);
    expect((await fetch(`${program.url}/admin/order/facts?orderIds=1`)).status).toBe(422);
  });
});

describe('wrong use is one line, and exit code 2', () => {
  test.each([
    [
      'nothing has run',
      [],
      { DATA_DIR: join(folder, 'nothing') },
      `nothing has run in ${join(folder, 'nothing')}`,
    ],
    [
      'not all of them known',
      [],
      { ORDER_DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none', STOCK_URL: 'http://127.0.0.1:1' },
      'PAYMENT_DATABASE_URL or PAYMENT_URL missing',
    ],
    [
      'a door that nobody opens',
      [],
      { ORDER_URL: 'http://127.0.0.1:1', STOCK_URL: 'http://127.0.0.1:1', PAYMENT_URL: 'http://127.0.0.1:1' },
      'http://127.0.0.1:1 does not answer',
    ],
    ['an unknown option', ['--loud'], {}, '--loud'],
    ['no number', ['--grace-seconds', 'long'], {}, '--grace-seconds must be a number of seconds'],
  ])('%s', async (_, args, env, line) => {
    const { code, output } = await runProgram(['audit', ...args], env);
    expect(output).toContain(line);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).not.toContain('secret');
    expect(code).toBe(2);
  });

  test('a database that was never migrated', async () => {
    const { url, drop } = await createDatabase();
    const env = { ORDER_DATABASE_URL: url, STOCK_DATABASE_URL: url, PAYMENT_DATABASE_URL: url };
    const { code, output } = await runProgram(['audit'], env);
    expect(output).toMatch(/^order-saga: \w+'s database is not migrated: .* missing\n$/);
    expect(code).toBe(2);
    await drop();
  });

  test('--help tells the options and the exit codes', async () => {
    const { code, output } = await runProgram(['audit', '--help']);
    expect(code).toBe(0);
    for (const word of ['--json', '--grace-seconds', 'ORDER_URL', 'DATA_DIR', '1 findings'])
      expect(output).toContain(word);
  });
});

describe.skipIf(amqpUrl === undefined)('three processes', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop('split', amqpUrl ?? '');
    await shop.opened();
  });
  afterAll(async () => {
    await shop.stop();
  });

  test('databases and doors say the same; a finding is a table, JSON, and exit code 1', {
    timeout: 120_000,
  }, async () => {
    const { id } = await shop.place();
    await shop.ended(id);
    await until('it is clean', async () => (await shop.audit(0)).clean);
    const databases = Object.fromEntries(
      Object.entries(shop.databaseUrls).map(([name, url]) => [`${name.toUpperCase()}_DATABASE_URL`, url]),
    );
    const doors = Object.fromEntries(
      Object.entries(shop.urls).map(([name, [url = '']]) => [`${name.toUpperCase()}_URL`, url]),
    );
    // Order's door beside the other two databases: each is taken from where it is known.
    const { ORDER_DATABASE_URL: _, ...others } = databases;
    const mixed = { ...others, ORDER_URL: doors['ORDER_URL'] ?? '' };
    for (const env of [databases, doors, mixed])
      expect(await runProgram(['audit', '--grace-seconds', '0'], env)).toMatchObject({ code: 0 });

    await shop.look('payment', (sql) => sql`update payments set amount = 1 where order_id = ${id}`);
    for (const env of [databases, doors, mixed]) {
      const { code, output } = await runProgram(['audit', '--json', '--grace-seconds', '0.1'], env);
      expect(ids(JSON.parse(output))).toEqual([`amount_differs ${id}`, `gateway_disagrees ${id}`]);
      expect(code).toBe(1);
    }
    const { output } = await runProgram(['audit', '--grace-seconds', '0.1'], doors);
    expect(output).toContain("1 the payment is not the order's total [amount_differs]");
    expect(output).toContain(id);
    expect(output).toMatch(/payment {2}captured \(1 EUR\)/);
    await shop.look('payment', (sql) => sql`update payments set amount = 1250 where order_id = ${id}`);
  });

  test('a process that does not run all of them has no audit', async () => {
    // Asked without the document of a process that has them.
    for (const path of ['/admin/audit', '/admin/order/facts'])
      expect((await fetch(`${shop.urls.stock[0]}${path}`)).status).toBe(404);
  });

  test('a reader that takes nothing holds one snapshot; the third is refused, one that goes makes room', async () => {
    // More than the buffers between here and there can hold.
    await shop.look(
      'stock',
      (sql) => sql`
        insert into reservations (order_id, state, lines)
        select gen_random_uuid(), 'released', ('[{"sku": "' || repeat('X', 100) || '", "quantity": 1}]')::jsonb
        from generate_series(1, 100000)`,
    );
    const url = `${shop.urls.stock[0]}/admin/stock/facts`;
    const readers = await Promise.all([slowReader(url), slowReader(url)]);
    const third = await fetch(url);
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('5');
    const snapshots = async () =>
      (
        await shop.look(
          'stock',
          (sql) => sql`
            select 1 from pg_stat_activity
            where datname = current_database() and state = 'idle in transaction' and backend_xmin is not null`,
        )
      ).length;
    await expect.poll(snapshots).toBe(2);
    for (const reader of readers) reader.destroy();
    await expect.poll(snapshots).toBe(0);
    const facts = await (await fetch(url)).text();
    expect(facts.endsWith('{"fact":"end"}\n')).toBe(true);
    // One that is left: a stop, which must end with 0, does not wait for it.
    await slowReader(url);
  });
});

/** Asks and never reads. */
function slowReader(url: string): Promise<{ destroy(): void }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, (response) => {
      response.pause();
      response.on('error', () => {});
      resolve(response);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('asked again and again under a load of every outcome, it never finds anything', {
  timeout: 120_000,
}, async () => {
  const shop = await openShop('embedded', '', { GATEWAY_TIMEOUT_SECONDS: '2' });
  onTestFinished(() => shop.stop());
  await shop.opened();
  const carts = [
    cart('PEN-01'),
    cart('PEN-01', 1, 'tok_declined'),
    cart('RARE-01', 1_000),
    cart('PEN-01', 1, 'tok_timeout'),
    cart('PEN-01', 1, 'tok_unavailable'),
    cart('MUG-01', 2, 'tok_visa'),
  ];
  // The time itself is what is tested: orders must grow older than the grace time while others are under way.
  const graceSeconds = 6;
  const latestMs = performance.now() + 3 * graceSeconds * 1_000;
  const reports: Report[] = [];
  const auditing = (async () => {
    while (performance.now() < latestMs) {
      const answer = await shop.ask('order', `/admin/audit?graceSeconds=${graceSeconds}`);
      reports.push((await answer.json()) as Report);
    }
  })();
  const placed: string[] = [];
  await inParallel(8, 2_000, async (n) => {
    if (performance.now() > latestMs) return;
    const { id } = await shop.place(carts[n % carts.length]);
    placed.push(id);
    if (n % 7 === 0) await shop.cancel(id);
  });
  await auditing;
  expect(reports.flatMap(ids)).toEqual([]);
  expect(reports.length).toBeGreaterThan(5);
  expect(reports.at(-1)?.orders).toBeGreaterThan(100);
  await shop.allEnded(placed.map((id) => ({ id })));
  await until('all agree without any grace', async () => (await shop.audit(0)).clean);
});
