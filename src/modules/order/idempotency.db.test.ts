/** Requests with a key: one effect and one answer, however often they come, whoever hears the first answer. */
import { beforeEach, describe, expect, test } from 'vitest';
import { cart, mug, openOrder } from '../../../test/support/order.ts';
import { createApp, createForgetting, openToAll } from '../../http/index.ts';
import { openDatabase } from '../../outbox/index.ts';

const order = await openOrder();
const { database, list } = order;
const app = createApp({ routes: [order.routes], guard: openToAll, ready: async () => [], onError: () => {} });

beforeEach(async () => {
  await database.query((sql) => sql`truncate idempotency_keys`);
  await list(mug);
});

let count = 0;
const newKey = () => {
  count += 1;
  return `key-${count}`;
};
const send = (path: string, key: string, body?: object | string) =>
  app.request(path, {
    method: 'POST',
    headers: { 'idempotency-key': key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const orders = async () =>
  (await database.query((sql) => sql<{ count: number }[]>`select count(*) from orders`))[0]?.count;
const whole = async (response: Response) => ({
  status: response.status,
  location: response.headers.get('location'),
  type: response.headers.get('content-type'),
  body: await response.text(),
});

describe('a request with a key', () => {
  test('that comes again is answered byte for byte as before, and nothing is done', async () => {
    const key = newKey();
    const first = await send('/orders', key, cart);
    expect(first.headers.has('idempotent-replayed')).toBe(false);
    // Other white space, another order, the key in quotes: the same request.
    const { customerId, lines, paymentToken } = cart;
    const text = JSON.stringify({ paymentToken, lines, customerId }, null, 2);
    const second = await send('/orders', `"${key}"`, text);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await whole(second)).toEqual(await whole(first));
    expect(first.status).toBe(201);
    expect(await orders()).toBe(1);
  });

  test('keeps its first answer when the order has moved on', async () => {
    const key = newKey();
    const first = await send('/orders', key, cart);
    const body = await first.text();
    const { id } = JSON.parse(body) as { id: string };
    await send(`/orders/${id}/cancel`, newKey());
    expect(await (await send('/orders', key, cart)).text()).toBe(body);
  });

  test('whose key came with another body or another path is refused', async () => {
    const key = newKey();
    const { id } = (await (await send('/orders', key, cart)).json()) as { id: string };
    const other = (await (await send('/orders', newKey(), cart)).json()) as { id: string };
    const reused = { status: 422, code: 'idempotency_key_reused' };
    expect(await (await send('/orders', key, { ...cart, customerId: 'cus_2' })).json()).toMatchObject(reused);
    const cancelling = newKey();
    expect((await send(`/orders/${id}/cancel`, cancelling)).status).toBe(202);
    expect(await (await send(`/orders/${other.id}/cancel`, cancelling)).json()).toMatchObject(reused);
    // The same key at another route is another key.
    expect((await send(`/orders/${id}/cancel`, key)).status).toBe(202);
    expect(await orders()).toBe(2);
  });

  test.each([
    ['nothing', ''],
    ['a space inside', 'a b'],
    ['more than 255 characters', 'x'.repeat(256)],
    ['an open quote', '"abc'],
  ])('whose key is %s is refused', async (_, key) => {
    expect(await (await send('/orders', key, cart)).json()).toMatchObject({
      status: 400,
      code: 'invalid_idempotency_key',
    });
    expect(await orders()).toBe(0);
  });

  test('fifty at once make one order', async () => {
    const key = newKey();
    const responses = await Promise.all(Array.from({ length: 50 }, () => send('/orders', key, cart)));
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(bodies).size).toBe(1);
    expect(responses.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1);
    expect(await orders()).toBe(1);
  });

  test('that another replica has in hand is to come again; its neighbours are placed', async () => {
    const key = newKey();
    const elsewhere = openDatabase({ url: database.url, name: 'elsewhere', maxConnections: 1 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = () => {};
    const isTaken = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const working = elsewhere.transaction(async (sql) => {
      await sql`insert into idempotency_keys (scope, key, fingerprint) values ('anyone POST /orders', ${key}, 'x')`;
      taken();
      await held;
      throw new Error('it failed in the end');
    });
    await isTaken;
    const [waiting, neighbour] = await Promise.all([
      send('/orders', key, cart),
      send('/orders', newKey(), cart),
    ]);
    expect(waiting.headers.get('retry-after')).toBe('1');
    expect(await waiting.json()).toMatchObject({ status: 409, code: 'request_in_progress' });
    expect(neighbour.status).toBe(201);
    release();
    await expect(working).rejects.toThrow('it failed in the end');
    await elsewhere.close();
    expect((await send('/orders', key, cart)).status).toBe(201);
  });

  test('that is not valid, or cannot be served now, does not use up its key', async () => {
    const key = newKey();
    expect((await send('/orders', key, { ...cart, lines: [] })).status).toBe(422);
    await database.query(
      (sql) => sql`
      alter table orders add constraint no_such_customer check (customer_id <> 'cus_1') not valid`,
    );
    expect((await send('/orders', key, cart)).status).toBe(500);
    await database.query((sql) => sql`alter table orders drop constraint no_such_customer`);
    const response = await send('/orders', key, cart);
    expect(response.status).toBe(201);
    expect(response.headers.has('idempotent-replayed')).toBe(false);
  });

  test('that business refuses is refused again in the same words', async () => {
    const key = newKey();
    const unknown = { ...cart, lines: [{ sku: 'NONE', quantity: 1 }] };
    const first = await whole(await send('/orders', key, unknown));
    expect(first).toMatchObject({ status: 422, type: 'application/problem+json' });
    await list(mug, { ...mug, sku: 'NONE' });
    const second = await send('/orders', key, unknown);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await whole(second)).toEqual(first);
  });

  test('is remembered for a day', async () => {
    const key = newKey();
    await send('/orders', key, cart);
    const age = (hours: number) =>
      database.query(
        (sql) => sql`
        update idempotency_keys set created_at = now() - make_interval(hours => ${hours})`,
      );
    const forgetting = createForgetting(database);
    await age(23);
    await forgetting.runOnce();
    expect((await send('/orders', key, cart)).headers.has('idempotent-replayed')).toBe(true);
    await age(25);
    expect(await forgetting.runOnce()).toEqual({ more: false });
    expect((await send('/orders', key, cart)).headers.has('idempotent-replayed')).toBe(false);
    expect(await orders()).toBe(2);
  });

  test('cancels, and sets a deadline, once', async () => {
    const { id } = (await (await send('/orders', newKey(), cart)).json()) as { id: string };
    const [expiring, cancelling] = [newKey(), newKey()];
    const account = { by: 'ada', reason: 'the courier waits' };
    const first = await whole(await send(`/admin/order/orders/${id}/deadline`, expiring, account));
    expect(first.status).toBe(202);
    expect(await whole(await send(`/admin/order/orders/${id}/deadline`, expiring, account))).toEqual(first);
    const cancelled = await whole(await send(`/orders/${id}/cancel`, cancelling));
    expect(JSON.parse(cancelled.body)).toMatchObject({ id, status: 'cancelled' });
    expect(await whole(await send(`/orders/${id}/cancel`, cancelling))).toEqual(cancelled);
    expect((await order.history(id)).filter(({ event }) => event === 'cancel')).toHaveLength(1);
  });
});
