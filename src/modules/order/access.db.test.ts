/** Whose orders are whose: through the guard, with tokens, over a database. */
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { cart, mug, openOrder } from '../../../test/support/order.ts';
import { createApp, createGuard, createVerifier, signToken } from '../../http/index.ts';

const { list, orderRow, routes, said } = await openOrder();

const settings = { secret: 'a secret that is long enough for HS256' };
const app = createApp({
  routes: [routes],
  guard: createGuard({ verify: createVerifier(settings, { onTrouble: () => {} }), limit: undefined }),
  ready: async () => [],
  onError: (error) => {
    throw error;
  },
});

const as = async (subject: string, scope = 'orders') => {
  const token = await signToken(settings, { subject, scopes: [scope], minutes: 5 });
  return async (method: string, path: string, body?: object) =>
    app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
};
const [mine, theirs, operators] = await Promise.all([as('cus_1'), as('cus_2'), as('ops', 'admin')]);

let id = '';
beforeEach(async () => {
  await list(mug);
  const placed = await mine('POST', '/orders', cart);
  expect(placed.status).toBe(201);
  id = ((await placed.json()) as { id: string }).id;
});

/** An answer as it is told apart by who gets it: another id in it is no difference. */
const answered = async (response: Response, about: string) => ({
  status: response.status,
  headers: [...response.headers],
  // Each request has a trace of its own.
  body: (await response.text()).replaceAll(about, 'ID').replace(/"traceId":"\w+"/, ''),
});

describe('a customer', () => {
  test('sees its order and cancels it', async () => {
    expect(await (await mine('GET', `/orders/${id}`)).json()).toMatchObject({ id, customerId: 'cus_1' });
    const cancelled = await mine('POST', `/orders/${id}/cancel`);
    expect([cancelled.status, await cancelled.json()]).toEqual([
      202,
      expect.objectContaining({ status: 'cancelled' }),
    ]);
  });

  test.each([
    ['GET', ''],
    ['GET', '/timeline'],
    ['GET', '/events'],
    ['POST', '/cancel'],
  ])('%s of another’s order is answered as if there were none, and does nothing', async (method, more) => {
    const none = uuidv7();
    const hidden = await answered(await theirs(method, `/orders/${id}${more}`), id);
    expect(hidden.status).toBe(404);
    expect(hidden).toEqual(await answered(await theirs(method, `/orders/${none}${more}`), none));
    expect((await orderRow(id))?.['status']).toBe('pending');
    expect(await said()).toEqual(['stock.reserve']);
  });

  test('cannot place for another, and nothing is placed', async () => {
    const response = await theirs('POST', '/orders', cart);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="admin"');
    expect(await said()).toEqual(['stock.reserve']);
  });

  test('lists its own, whether it says so or not, and not another’s', async () => {
    const ids = async (ask: typeof mine, query = '') => {
      const response = await ask('GET', `/orders${query}`);
      expect(response.status).toBe(200);
      return ((await response.json()) as { data: { id: string }[] }).data.map((order) => order.id);
    };
    const other = await theirs('POST', '/orders', { ...cart, customerId: 'cus_2' });
    const { id: otherId } = (await other.json()) as { id: string };
    expect(await ids(mine)).toEqual([id]);
    expect(await ids(mine, '?customerId=cus_1')).toEqual([id]);
    expect(await ids(theirs, '?status=pending')).toEqual([otherId]);
    expect((await theirs('GET', '/orders?customerId=cus_1')).status).toBe(403);
    // That there is a customer is not told either.
    expect((await theirs('GET', '/orders?customerId=nobody')).status).toBe(403);
    expect(await ids(operators)).toEqual([otherId, id]);
    expect(await ids(operators, '?customerId=cus_1')).toEqual([id]);
  });

  test('has no business at the operators’ doors', async () => {
    const account = { by: 'cus_1', reason: 'impatience' };
    const before = await orderRow(id);
    expect((await mine('POST', `/admin/order/orders/${id}/deadline`, account)).status).toBe(403);
    expect(await orderRow(id)).toEqual(before);
  });
});

describe('an administrator', () => {
  test('sees and cancels any order, places for any customer, and brings a deadline forward', async () => {
    expect((await operators('GET', `/orders/${id}`)).status).toBe(200);
    expect((await operators('POST', '/orders', { ...cart, customerId: 'cus_3' })).status).toBe(201);
    const account = { by: 'ops@night', reason: 'Stock is back' };
    expect((await operators('POST', `/admin/order/orders/${id}/deadline`, account)).status).toBe(202);
    expect((await operators('POST', `/orders/${id}/cancel`)).status).toBe(202);
  });
});
