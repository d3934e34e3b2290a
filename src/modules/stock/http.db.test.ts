import * as v from 'valibot';
import { beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { ListedProduct } from '../../contracts/stock.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { seedDemo } from './demo.ts';
import { createStock } from './index.ts';
import { maxOnHand } from './store.ts';

const stock = createStock({ inquiryAfterSeconds: 300 });
const database = await openTestDatabase('stock', stock.migrations);

/** Nobody sends: whatever Stock says stays in its outbox, where the tests read it. */
const dispatcher = { dispatch: async () => {}, room: () => 0, stop: async () => {} };
const unit = createUnitOfWork({ database, source: '/stock', dispatcher });
const { routes } = stock.open({ database, unit, log: () => {}, observer: {}, budgetMs: 30_000 });

beforeEach(async () => {
  await database.query((sql) => sql`truncate products, receipts, reservations, outbox`);
});

const send = (method: 'PUT' | 'POST', path: string, body: unknown, headers: Record<string, string> = {}) =>
  routes.request(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const put = (sku: string, body: unknown) => send('PUT', `/products/${sku}`, body);
const receive = (sku: string, quantity: unknown) => send('POST', `/products/${sku}/receipts`, { quantity });
const get = async (path: string) => (await routes.request(path)).json();
const said = () =>
  database.query(
    (sql) => sql<{ type: string; subject: string; data: ListedProduct }[]>`
      select type, subject, message -> 'data' as data from outbox order by id`,
  );

const mug = { name: 'Mug', unitPrice: 1250, currency: 'EUR' };
const nothing = { onHand: 0, reserved: 0, available: 0 };

describe('PUT /products/{sku}', () => {
  test('creates a product, answers with it, and tells it', async () => {
    const response = await put('MUG-01', mug);
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/products/MUG-01');
    expect(await response.json()).toEqual({ sku: 'MUG-01', ...mug, ...nothing });
    expect(await get('/products/MUG-01')).toEqual({ sku: 'MUG-01', ...mug, ...nothing });
    const [event, ...others] = await said();
    expect(others).toEqual([]);
    expect(event).toEqual({
      type: 'product.changed',
      subject: 'MUG-01',
      data: { sku: 'MUG-01', ...mug, version: expect.any(Number) },
    });
    expect(v.is(ListedProduct, event?.data)).toBe(true);
    // Microseconds of this hour: a restored database moves on from what others have seen.
    expect(Math.abs((event?.data.version ?? 0) / 1_000 - Date.now())).toBeLessThan(3_600_000);
  });

  test('changes it: 200, and the version grows; what is unchanged is not told', async () => {
    await put('MUG-01', mug);
    const response = await put('MUG-01', { ...mug, unitPrice: 1300 });
    expect(response.status).toBe(200);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.json()).toMatchObject({ unitPrice: 1300 });
    const again = await put('MUG-01', { ...mug, unitPrice: 1300, name: '  Mug ' });
    expect([again.status, await again.json()]).toEqual([200, expect.objectContaining({ name: 'Mug' })]);
    const [first, second, ...others] = (await said()).map(({ data }) => data);
    expect(others).toEqual([]);
    expect(second).toMatchObject({ unitPrice: 1300 });
    expect(second?.version).toBeGreaterThan(first?.version ?? 0);
  });

  test('a version from the future is still exceeded', async () => {
    await put('MUG-01', mug);
    const future = 9_000_000_000_000_000;
    await database.query((sql) => sql`update products set version = ${future}`);
    await put('MUG-01', { ...mug, name: 'Cup' });
    expect((await said()).at(-1)?.data.version).toBe(future + 1);
  });

  test('ten at the same moment: one creates, each change is told with a version of its own', async () => {
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, n) => put('MUG-01', { ...mug, unitPrice: 100 + n })),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    const changes = (await said()).map(({ data }) => data);
    expect(new Set(changes.map(({ version }) => version)).size).toBe(10);
    const newest = changes.reduce((a, b) => (a.version > b.version ? a : b));
    expect(await get('/products/MUG-01')).toMatchObject({ unitPrice: newest.unitPrice });
  });

  test.each([
    ['no name', { unitPrice: 1, currency: 'EUR' }, '/name'],
    ['an empty name', { ...mug, name: '  ' }, '/name'],
    ['a long name', { ...mug, name: 'x'.repeat(201) }, '/name'],
    ['a NUL in the name', { ...mug, name: 'Mug\u0000' }, '/name'],
    ['half a character in the name', { ...mug, name: 'Mug \ud83d' }, '/name'],
    ['a price of zero', { ...mug, unitPrice: 0 }, '/unitPrice'],
    ['a fraction of a cent', { ...mug, unitPrice: 1.5 }, '/unitPrice'],
    ['a price beyond 10^9', { ...mug, unitPrice: 1_000_000_001 }, '/unitPrice'],
    ['no currency code', { ...mug, currency: 'euro' }, '/currency'],
    ['an unknown property', { ...mug, onHand: 5 }, '/onHand'],
  ])('%s is refused, named, and nothing is stored', async (_, body, pointer) => {
    const response = await put('MUG-01', body);
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ errors: [{ pointer, detail: expect.any(String) }] });
    expect(await said()).toEqual([]);
    expect(await get('/products')).toEqual({ data: [], nextCursor: null });
  });

  test('names of any script are kept as they are', async () => {
    const name = 'Café-Tasse 茶 ☕️ 👩‍🚀';
    expect(await (await put('MUG-01', { ...mug, name })).json()).toMatchObject({ name });
  });

  test('what can be no sku is nowhere', async () => {
    for (const sku of ['a%20b', '%00', 'x'.repeat(101), 'caf%C3%A9']) {
      expect((await put(sku, mug)).status).toBe(404);
      expect((await routes.request(`/products/${sku}`)).status).toBe(404);
    }
  });
});

describe('POST /products/{sku}/receipts', () => {
  test('goods in: they are there, and nobody else is told', async () => {
    await put('MUG-01', mug);
    const response = await receive('MUG-01', 40);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      sku: 'MUG-01',
      quantity: 40,
      receivedAt: expect.stringMatching(/Z$/),
    });
    await receive('MUG-01', 2);
    expect(await get('/products/MUG-01')).toMatchObject({ onHand: 42, reserved: 0, available: 42 });
    expect((await said()).map(({ type }) => type)).toEqual(['product.changed']);
    expect(await database.query((sql) => sql`select quantity from receipts order by id`)).toEqual([
      { quantity: 40 },
      { quantity: 2 },
    ]);
  });

  test('the same goods, told twice with one key, come in once; what is refused is refused again', async () => {
    await put('MUG-01', mug);
    const tell = (key: string, quantity: number) =>
      send('POST', '/products/MUG-01/receipts', { quantity }, { 'idempotency-key': key });
    const first = await (await tell('delivery-1', 40)).text();
    const again = await tell('delivery-1', 40);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.text()).toBe(first);
    expect((await tell('delivery-1', 41)).status).toBe(422);
    expect(await get('/products/MUG-01')).toMatchObject({ onHand: 40 });
    await database.query((sql) => sql`update products set on_hand = ${maxOnHand}`);
    expect((await tell('delivery-2', 1)).status).toBe(409);
    await database.query((sql) => sql`update products set on_hand = 0`);
    expect((await tell('delivery-2', 1)).status).toBe(409);
  });

  test('fifty deliveries at once: each waits for the one before it, none is lost', async () => {
    await put('MUG-01', mug);
    const answers = await Promise.all(Array.from({ length: 50 }, () => receive('MUG-01', 2)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(await get('/products/MUG-01')).toMatchObject({ onHand: 100 });
  });

  test('no such product: 404', async () => {
    const response = await receive('NONE', 1);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('NONE') });
  });

  test.each([0, -1, 1.5, 1_000_001, '5', null])('a quantity of %s is refused', async (quantity) => {
    await put('MUG-01', mug);
    const response = await receive('MUG-01', quantity);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: '/quantity' }] });
    expect(await get('/products/MUG-01')).toMatchObject(nothing);
  });

  test('more than can be counted: 409, and nothing has come in', async () => {
    await put('MUG-01', mug);
    await database.query((sql) => sql`update products set on_hand = ${maxOnHand - 5}`);
    expect((await receive('MUG-01', 6)).status).toBe(409);
    expect((await receive('MUG-01', 5)).status).toBe(201);
    expect(await get('/products/MUG-01')).toMatchObject({ onHand: maxOnHand });
    expect(await database.query((sql) => sql`select 1 from receipts`)).toHaveLength(1);
  });
});

describe('GET /products', () => {
  /** As the pages make them; nobody keeps a stranger from making others. */
  const cursor = (parts: readonly string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test('by sku, page by page', async () => {
    for (const sku of ['C', 'A', 'B']) await put(sku, mug);
    const page = async (query: string) =>
      (await get(`/products?${query}`)) as { data: { sku: string }[]; nextCursor: string | null };
    const first = await page('limit=2');
    expect(first.data.map(({ sku }) => sku)).toEqual(['A', 'B']);
    const rest = await page(`limit=2&after=${first.nextCursor}`);
    expect(rest).toEqual({ data: [{ sku: 'C', ...mug, ...nothing }], nextCursor: null });
    expect((await page('')).data).toHaveLength(3);
    // One that ends exactly there is the last one.
    expect((await page('limit=3')).nextCursor).toBeNull();
  });

  test.each([
    'limit=0',
    'limit=many',
    'after=nonsense',
    `after=${cursor(['\u0000'])}`,
    `after=${cursor(['A', 'B'])}`,
    'sort=price',
  ])('%s is refused', async (query) => {
    expect((await routes.request(`/products?${query}`)).status).toBe(422);
  });

  test('no such product: 404', async () => {
    expect((await routes.request('/products/NONE')).status).toBe(404);
  });
});

test('a product that a reader has already is not sent again until it changes', async () => {
  await put('MUG-01', mug);
  const read = (etag = '') => routes.request('/products/MUG-01', { headers: { 'if-none-match': etag } });
  const tag = (await read()).headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]{22}"$/);
  expect((await read(tag)).status).toBe(304);
  await put('MUG-01', { ...mug, unitPrice: 1300 });
  expect((await read(tag)).status).toBe(200);
});

describe('the demo products', () => {
  const waitsForALock = async () =>
    (
      await database.query(
        (sql) => sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).length > 0;
  const demo = ['BAG-01', 'CAP-01', 'MUG-01', 'PEN-01', 'RARE-01', 'TEE-01'];

  test('are made once, also by replicas that start together, and told', async () => {
    await Promise.all([seedDemo(unit), seedDemo(unit), seedDemo(unit)]);
    await seedDemo(unit);
    const { data } = (await get('/products')) as { data: Record<string, unknown>[] };
    expect(data.map(({ sku, unitPrice, onHand }) => [sku, unitPrice, onHand])).toEqual([
      ['BAG-01', 3400, 1_000],
      ['CAP-01', 1500, 1_000],
      ['MUG-01', 1250, 1_000],
      ['PEN-01', 300, 1_000],
      ['RARE-01', 9900, 1],
      ['TEE-01', 1900, 1_000],
    ]);
    const events = await said();
    expect(events.map(({ subject }) => subject).sort()).toEqual(demo);
    expect(events.every(({ type, data }) => type === 'product.changed' && v.is(ListedProduct, data))).toBe(
      true,
    );
    expect(await database.query((sql) => sql`select 1 from receipts`)).toHaveLength(demo.length);
  });

  test('are not made where there are products', async () => {
    await put('OWN-01', mug);
    await seedDemo(unit);
    expect(await get('/products')).toMatchObject({ data: [{ sku: 'OWN-01' }] });
  });

  test('one that somebody makes while they are seeded is told by them alone', async () => {
    let seeded: Promise<void> | undefined;
    await unit.run(async ({ sql }) => {
      await sql`insert into products (sku, name, unit_price, currency, version)
        values ('TEE-01', 'T-shirt', 1900, 'EUR', 1)`;
      seeded = seedDemo(unit);
      await until('the seed waits for the product', waitsForALock, 9_000);
    });
    await seeded;
    expect((await said()).map(({ subject }) => subject).sort()).toEqual(
      demo.filter((sku) => sku !== 'TEE-01'),
    );
  });
});
