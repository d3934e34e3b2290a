/** The operator's doors, asked with the commands of `docs/operations.md` and answered as it shows. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Block, blocksOf } from './support/documented.ts';
import { cart, openShop, type Shop } from './support/shop.ts';
import { until } from './support/until.ts';

const page = 'docs/operations.md';
const blocks = blocksOf(page);
let shop: Shop;
beforeAll(async () => {
  // So long an order waits below for its payment.
  shop = await openShop('embedded', '', { GATEWAY_TIMEOUT_SECONDS: '3' });
  await shop.opened();
});
afterAll(() => shop.stop());

const command = (name: string) => blocks.findIndex(({ info }) => info === `sh doors ${name}`);
const textOf = (position: number) => (blocks[position] as Block).text;

/** Runs a command of the page and returns what it wrote. */
async function run(name: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const url = shop.urls.order[0] ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-euc', textOf(command(name))], {
    env: { PATH: process.env['PATH'] ?? '', ORDER: url, STOCK: url, PAYMENT: url, ...variables },
  });
  return stdout;
}

/** The answer that the page shows after a command: the same shape and values, but for ids, times and ages. */
const shown = (name: string): unknown =>
  JSON.parse(textOf(command(name) + 1), (key, value) => {
    if (key === 'oldestSeconds') return expect.any(Number);
    return typeof value === 'string' && /^([0-9a-f-]{36}|\d{4}-\d\d-\d\dT.*Z)$/.test(value)
      ? expect.any(String)
      : value;
  });

test('what waits to be sent', async () => {
  const error = 'PublishRefused: no queue takes stock.reserved';
  await shop.look(
    'stock',
    (sql) => sql`
      insert into outbox (id, type, subject, message, created_at, leased_until, attempts, last_error)
      values (${uuidv7()}, 'stock.reserved', 'x', '{}', now() - interval '2 minutes', now() + interval '1 hour', 3, ${error})`,
  );
  expect(JSON.parse(await run('outbox'))).toEqual(shown('outbox'));
  await shop.look('stock', (sql) => sql`delete from outbox`);
});

test('what could not be handled: listed, shown, tried again, given up', async () => {
  const { id } = await shop.say('stock.reserved', uuidv7());
  const failures = async () => (JSON.parse(await run('failures')) as { data: { dead: number }[] }).data;
  const isDead = async () => (await failures())[0]?.dead === 1;
  await until('it is dead', isDead);
  const listed = JSON.parse(await run('failures')) as { data: { exampleIds: string[] }[] };
  expect(listed).toEqual(shown('failures'));
  const FAILURE_ID = listed.data[0]?.exampleIds[0] ?? '';
  expect(JSON.parse(await run('failure', { FAILURE_ID }))).toMatchObject({ message: { id } });
  expect(JSON.parse(await run('redrive'))).toEqual(shown('redrive'));
  await until('it is dead again', isDead);
  expect(JSON.parse(await run('discard', { FAILURE_ID }))).toEqual(shown('discard'));
  expect(await failures()).toEqual([]);
});

test('a deadline', async () => {
  const { id } = await shop.place(cart('PEN-01', 1, 'tok_timeout'));
  await until('it waits for its payment', async () => (await shop.find(id)).step === 'authorizing_payment');
  expect(JSON.parse(await run('deadline', { ORDER_ID: id }))).toMatchObject({ id });
  const again = () =>
    shop.look(
      'order',
      (sql) => sql`select 1 from order_history where order_id = ${id} and event = 'deadline'`,
    );
  await until('its command has gone out again', async () => (await again()).length === 1);
  await shop.ended(id);
});

test('the audit, over HTTP and by command', async () => {
  const isClean = async () => (JSON.parse(await run('audit')) as { clean: boolean }).clean;
  await until('all agree', isClean);
  expect(await run('audit-command')).toContain('clean: nothing is wrong');
});

test('every command is tried', () => {
  const tried = ['outbox', 'failures', 'failure', 'redrive', 'discard', 'deadline', 'audit', 'audit-command'];
  const written = blocks.flatMap(({ info }) => (info.startsWith('sh doors ') ? [info.slice(9)] : []));
  expect(written).toEqual(tried);
});

test('every link within the page leads somewhere', () => {
  const text = blocks.reduce((rest, block) => rest.replace(block.text, ''), readFileSync(page, 'utf8'));
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(new Set(anchors).size).toBe(anchors.length);
  for (const [, target = ''] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(target);
});
