import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { createFaults } from './faults.ts';
import { ledgerInMemory } from './ledger.ts';
import { createGatewaySimulator } from './simulator.ts';

const routes = createGatewaySimulator();
interface Page {
  readonly data: readonly { readonly orderId: string }[];
  readonly nextCursor: string | null;
}
const get = async (path: string) => (await (await routes.request(path)).json()) as Page;
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  routes.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const authorize = (orderId: string, paymentToken = 'tok_visa', key = `authorize:${orderId}`) =>
  post(
    '/authorizations',
    { orderId, amount: 1250, currency: 'EUR', paymentToken },
    { 'idempotency-key': key },
  );

describe('the ledger', () => {
  test('is listed newest first, page by page or by order, without tokens', async () => {
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    for (const id of ids) expect((await authorize(id)).status).toBe(200);
    await authorize(ids[0] ?? '');
    const first = await get('/ledger?limit=2');
    expect(first.data.map(({ orderId }) => orderId)).toEqual([ids[2], ids[1]]);
    const second = await get(`/ledger?limit=2&after=${first.nextCursor}`);
    expect(second).toMatchObject({ data: [{ orderId: ids[0], asks: 2, done: true }], nextCursor: null });
    const ofOne = await get(`/ledger?orderId=${ids[1]}`);
    expect(ofOne).toMatchObject({ data: [{ orderId: ids[1], operation: 'authorize', amount: 1250 }] });
    expect(JSON.stringify(first)).not.toContain('tok_');
    expect((await routes.request('/ledger?after=nonsense')).status).toBe(422);
  });

  test('is bounded: when it is full, what is in it is still answered, and new keys are not', async () => {
    const ledger = ledgerInMemory({ maxRows: 10 });
    const entry = (n: number) => ({
      key: `authorize:${n}`,
      operation: 'authorize' as const,
      orderId: String(n),
      amount: 1,
      currency: 'EUR',
      declineCode: null,
      failures: 0,
    });
    for (let n = 0; n < 10; n += 1) await ledger.enter(entry(n));
    expect(await ledger.enter(entry(10))).toEqual({ asks: 0, outcome: 'unavailable' });
    expect(await ledger.enter(entry(0))).toEqual({ asks: 2, outcome: 'done' });
  });
});

describe('faults', () => {
  test('are told, counted down, listed and forgotten', async () => {
    const [one, other] = [uuidv7(), uuidv7()];
    expect(
      (await post('/faults', { kind: 'unavailable', operation: 'authorize', orderId: one, times: 2 })).status,
    ).toBe(204);
    expect((await authorize(other)).status).toBe(200);
    expect((await authorize(one)).status).toBe(503);
    expect(await get('/faults')).toEqual({
      data: [{ kind: 'unavailable', operation: 'authorize', orderId: one, times: 1, delayMs: 1_000 }],
    });
    expect((await routes.request('/faults', { method: 'DELETE' })).status).toBe(204);
    expect((await authorize(one)).status).toBe(200);
  });

  test('are refused when they make no sense, or are too many', async () => {
    expect((await post('/faults', { kind: 'moody' })).status).toBe(422);
    expect((await post('/faults', { kind: 'slow', times: 0 })).status).toBe(422);
    const faults = createFaults();
    const fault = { kind: 'lost', operation: null, orderId: null, times: 1, delayMs: 0 } as const;
    for (let n = 0; n < 1_000; n += 1) expect(faults.add(fault)).toBe(true);
    expect(faults.add(fault)).toBe(false);
  });
});

test('a call without the key of its operation and order, or with an invalid body, is not carried out', async () => {
  const id = uuidv7();
  expect((await authorize(id, 'tok_visa', '')).status).toBe(400);
  expect((await authorize(id, 'tok_visa', `capture:${id}`)).status).toBe(400);
  expect((await authorize('nobody')).status).toBe(422);
  expect((await post('/voids', {}, { 'idempotency-key': `void:${id}` })).status).toBe(422);
  expect((await get(`/ledger?orderId=${id}`)).data).toEqual([]);
});

test('with a token, whoever does not show it is sent away', async () => {
  const guarded = createGatewaySimulator('secret');
  const status = async (headers: Record<string, string>) =>
    (await guarded.request('/ledger', { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
  expect(await status({ authorization: 'Bearer secret' })).toBe(200);
});
