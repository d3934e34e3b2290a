import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { cart, message, mug, openOrder } from '../../../test/support/order.ts';

const { database, get, history, list, placed, post, receive, routes, said } = await openOrder();

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
