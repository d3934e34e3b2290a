import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { createScriptedBroker } from '../../../test/support/broker.ts';
import { openTestDatabase } from '../../../test/support/database.ts';
import { createDispatcher } from '../../outbox/dispatcher.ts';
import type { Message } from '../../outbox/index.ts';
import { compose } from '../../outbox/message.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { createListing, isListed } from './catalogue.ts';
import { createDeadlines } from './clock.ts';
import { createOrder } from './index.ts';
import { createNotices } from './notices/notices.ts';

const patience = { stepTimeoutSeconds: 30, stepMaxAttempts: 3 };
const module = createOrder(patience);
const database = await openTestDatabase('order', module.migrations);

/** The broker is away: whatever Order says stays in its outbox, where the tests read it. */
const broker = createScriptedBroker();
broker.ready = false;
const unit = createUnitOfWork({
  database,
  source: '/order',
  dispatcher: createDispatcher({ database, broker, news: [] }),
});
const { routes, handle } = module.open({ database, unit, log: () => {}, observer: {} });
const deadlines = createDeadlines(unit, patience);

const mug = { sku: 'MUG-01', name: 'Mug', unitPrice: 1250, currency: 'EUR', version: 10 };

beforeEach(async () => {
  await database.query((sql) => sql`truncate orders, order_history, notices, products, outbox`);
  await database.query(
    (sql) => sql`update catalogue set asked_at = null, listed_at = null, question_id = null`,
  );
});

const message = (type: string, subject: string, data: unknown = {}): Message =>
  compose({ type, subject, data }, '/elsewhere', new Date());
const receive = (...messages: Message[]) => unit.run((open) => handle(open, messages));
const list = (...products: object[]) =>
  receive(message('stock.products_listed', 'products', { products, last: true }));
const post = (path: string, body: object) =>
  routes.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const cart = { customerId: 'cus_1', lines: [{ sku: 'MUG-01', quantity: 2 }], paymentToken: 'tok_visa' };

async function placed(): Promise<string> {
  await list(mug);
  const response = await post('/orders', cart);
  expect(response.status).toBe(201);
  const { id } = (await response.json()) as { id: string };
  return id;
}

const said = async () =>
  (await database.query((sql) => sql<{ type: string }[]>`select type from outbox order by id`)).map(
    ({ type }) => type,
  );
/** As if the broker were there and had taken everything. */
const sendAll = () => database.query((sql) => sql`delete from outbox`);
const overdue = () =>
  database.query(
    (sql) => sql`update orders set deadline_at = now() - interval '1 second' where deadline_at is not null`,
  );
const orderRow = (id: string) =>
  database.query(async (sql) => (await sql`select * from orders where id = ${id}`)[0]);
const get = async (id: string) =>
  (await (await routes.request(`/orders/${id}`)).json()) as Record<string, unknown>;
const history = (id: string) =>
  database.query(
    (sql) => sql<
      {
        seq: number;
        event: string;
        heeded: boolean;
        step: string;
        sent: { type: string }[];
        cause: { id: string } | null;
      }[]
    >`
      select seq, event, heeded, step, sent, cause from order_history where order_id = ${id} order by seq`,
  );

describe('placing', () => {
  test('stores the order and asks Stock in one transaction, and answers with it', async () => {
    await list(mug);
    const response = await post('/orders', { ...cart, email: 'someone@example.com' });
    const order = (await response.json()) as { id: string };
    expect(response.headers.get('location')).toBe(`/orders/${order.id}`);
    expect(order).toEqual({
      id: order.id,
      customerId: 'cus_1',
      status: 'pending',
      step: 'reserving_stock',
      reason: null,
      lines: [{ sku: 'MUG-01', name: 'Mug', quantity: 2, unitPrice: 1250 }],
      total: 2500,
      currency: 'EUR',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect(await said()).toEqual(['stock.reserve']);
    expect(await history(order.id)).toMatchObject([
      {
        seq: 1,
        event: 'place',
        heeded: true,
        step: 'reserving_stock',
        cause: null,
        sent: [{ type: 'stock.reserve' }],
      },
    ]);
  });

  test('before the first list of products: later, please', async () => {
    const response = await post('/orders', cart);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  test.each([
    ['an unknown product', { ...cart, lines: [{ sku: 'NONE', quantity: 1 }] }, '/lines/0/sku'],
    ['two currencies', { ...cart, lines: [...cart.lines, { sku: 'USD-01', quantity: 1 }] }, '/lines/1/sku'],
    ['no lines', { ...cart, lines: [] }, '/lines'],
    ['the same product twice', { ...cart, lines: [...cart.lines, ...cart.lines] }, '/lines/1/sku'],
    ['a quantity of zero', { ...cart, lines: [{ sku: 'MUG-01', quantity: 0 }] }, '/lines/0/quantity'],
    ['a negative quantity', { ...cart, lines: [{ sku: 'MUG-01', quantity: -1 }] }, '/lines/0/quantity'],
    ['a fraction', { ...cart, lines: [{ sku: 'MUG-01', quantity: 1.5 }] }, '/lines/0/quantity'],
    ['more than 10,000', { ...cart, lines: [{ sku: 'MUG-01', quantity: 10_001 }] }, '/lines/0/quantity'],
    ['a long id', { ...cart, customerId: 'x'.repeat(101) }, '/customerId'],
    ['an unknown property', { ...cart, coupon: 'FREE' }, '/coupon'],
    ['a NUL in an id', { ...cart, customerId: 'a\u0000' }, '/customerId'],
    ['half a surrogate pair', { ...cart, paymentToken: '\ud800' }, '/paymentToken'],
    ['no e-mail address', { ...cart, email: 'nobody' }, '/email'],
  ])('%s is refused, named, and nothing is stored', async (_, body, pointer) => {
    await list(mug, { ...mug, sku: 'USD-01', currency: 'USD' });
    const response = await post('/orders', body);
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 422,
      errors: [{ pointer, detail: expect.any(String) }],
    });
    expect(await said()).toEqual([]);
    expect(await database.query((sql) => sql`select 1 from orders`)).toHaveLength(0);
  });
});

describe('the saga in the database', () => {
  test('reserved and authorized: confirmed, and the customer is to be told', async () => {
    const id = await placed();
    await receive(message('stock.reserved', id));
    expect(await orderRow(id)).toMatchObject({ step: 'authorizing_payment', payment_token: 'tok_visa' });
    await receive(message('payment.authorized', id));
    expect(await orderRow(id)).toMatchObject({
      status: 'confirmed',
      payment_token: null,
      deadline_at: null,
      command_id: null,
    });
    expect(await said()).toEqual(['stock.reserve', 'payment.authorize', 'order.confirmed']);
    expect(await database.query((sql) => sql`select order_id, status from notices`)).toEqual([
      { order_id: id, status: 'confirmed' },
    ]);
    expect((await history(id)).map(({ event }) => event)).toEqual([
      'place',
      'stock.reserved',
      'payment.authorized',
    ]);
  });

  test('both answers of one order in one batch are folded in their order', async () => {
    const id = await placed();
    await receive(
      message('stock.reserved', id),
      message('payment.declined', id, { declineCode: 'card_declined' }),
    );
    expect(await get(id)).toMatchObject({
      status: 'rejected',
      step: 'releasing_stock',
      reason: { code: 'payment_declined' },
    });
    expect(await said()).toEqual(['stock.reserve', 'payment.authorize', 'stock.release', 'order.rejected']);
    expect((await history(id)).map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'place'],
      [2, 'stock.reserved'],
      [3, 'payment.declined'],
    ]);
  });

  test('a late answer is remembered and changes nothing', async () => {
    const id = await placed();
    await receive(message('stock.reserved', id));
    const before = await orderRow(id);
    const late = message('stock.reserved', id);
    await receive(late);
    expect(await orderRow(id)).toEqual(before);
    expect((await history(id)).at(-1)).toMatchObject({
      event: 'stock.reserved',
      heeded: false,
      sent: [],
      cause: { id: late.id },
    });
  });

  test('an impossible answer, and one for an order that is not known, are failures', async () => {
    const id = await placed();
    await expect(receive(message('payment.authorized', id))).rejects.toThrow('cannot answer anything');
    await expect(receive(message('stock.reserved', uuidv7()))).rejects.toThrow('is not known here');
  });

  test('a history ends after 200 entries, the order does not', async () => {
    const id = await placed();
    await receive(...Array.from({ length: 250 }, () => message('stock.reserved', id)));
    expect(await history(id)).toHaveLength(200);
    await receive(message('payment.authorized', id));
    expect(await get(id)).toMatchObject({ status: 'confirmed' });
  });
});

describe('cancelling', () => {
  test('is accepted while pending, and again when it is cancelled already', async () => {
    const id = await placed();
    const first = await post(`/orders/${id}/cancel`, {});
    expect(first.status).toBe(202);
    expect(await first.json()).toMatchObject({
      status: 'cancelled',
      reason: { code: 'cancelled_by_customer' },
    });
    expect((await post(`/orders/${id}/cancel`, {})).status).toBe(202);
    expect(await said()).toEqual(['stock.reserve', 'stock.release', 'order.cancelled']);
  });

  test('is refused when confirmed or rejected, and unknown orders are not found', async () => {
    const id = await placed();
    await receive(message('stock.rejected', id, { reason: { code: 'out_of_stock', detail: 'none' } }));
    expect((await post(`/orders/${id}/cancel`, {})).status).toBe(409);
    expect((await post(`/orders/${uuidv7()}/cancel`, {})).status).toBe(404);
    expect((await post('/orders/nonsense/cancel', {})).status).toBe(404);
  });

  test('cancel and answer at the same moment: one of them is first, and the order is whole', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await placed();
      await receive(message('stock.reserved', id));
      await Promise.all([post(`/orders/${id}/cancel`, {}), receive(message('payment.authorized', id))]);
      const order = await get(id);
      expect([order['status'], order['step']]).toEqual(
        order['status'] === 'confirmed' ? ['confirmed', 'done'] : ['cancelled', 'voiding_payment'],
      );
    }
  });
});

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
    await Promise.all([deadlines.runOnce(), deadlines.runOnce(), deadlines.runOnce()]);
    expect(await said()).toHaveLength(50);
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
    await deadlines.runOnce();
    expect(await said()).toHaveLength(500);
    await deadlines.runOnce();
    expect(await said()).toHaveLength(600);
  });
});

describe('inquiries', () => {
  test('are answered by step, and an order that is not known is a failure', async () => {
    const id = await placed();
    await sendAll();
    await receive(message('order.inquire', id, { participant: 'stock' }));
    expect(await said()).toEqual([]);
    await receive(message('stock.reserved', id), message('payment.authorized', id));
    await sendAll();
    await receive(message('order.inquire', id, { participant: 'stock' }));
    expect(await said()).toEqual(['order.confirmed']);
    await expect(receive(message('order.inquire', uuidv7(), { participant: 'stock' }))).rejects.toThrow(
      'is not known here',
    );
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
    await database.query((sql) => sql`update catalogue set asked_at = now() - interval '61 minutes'`);
    await listing.runOnce();
    expect(await said()).toEqual(['stock.list_products']);
  });
});

describe('lists of orders', () => {
  test('newest first, page by page, by customer and status', async () => {
    await list(mug);
    const ids: string[] = [];
    for (const customerId of ['cus_1', 'cus_2', 'cus_1', 'cus_1'])
      ids.unshift(((await (await post('/orders', { ...cart, customerId })).json()) as { id: string }).id);
    const [newest, second, , oldest] = ids;
    const page = async (query: string) =>
      (await (await routes.request(`/orders?${query}`)).json()) as {
        data: { id: string }[];
        nextCursor: string | null;
      };
    const first = await page('customerId=cus_1&limit=2');
    expect(first.data.map(({ id }) => id)).toEqual([newest, second]);
    const rest = await page(`customerId=cus_1&limit=2&after=${first.nextCursor}`);
    expect(rest.data.map(({ id }) => id)).toEqual([oldest]);
    expect(rest.nextCursor).toBeNull();
    expect((await page('status=confirmed')).data).toEqual([]);
    expect((await routes.request('/orders?limit=nonsense')).status).toBe(422);
    expect((await routes.request('/orders?after=nonsense')).status).toBe(422);
    expect((await routes.request('/orders?customerId=%00')).status).toBe(422);
  });
});

test('every outcome is told once', async () => {
  const id = await placed();
  await post(`/orders/${id}/cancel`, {});
  const told: object[] = [];
  const notices = createNotices(database, (notice) => told.push(notice));
  await Promise.all([notices.runOnce(), notices.runOnce()]);
  await notices.runOnce();
  expect(told).toEqual([{ orderId: id, status: 'cancelled' }]);
});
