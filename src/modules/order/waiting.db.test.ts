/** `Prefer: wait`: the answer comes with the outcome, whoever handles the steps, or when the time is up. */
import { beforeEach, describe, expect, test } from 'vitest';
import { cart, message, mug, openOrder } from '../../../test/support/order.ts';
import { until } from '../../../test/support/until.ts';
import { createOutcomes } from './outcomes.ts';

const order = await openOrder();
const { database, list, post, receive } = order;
beforeEach(() => list(mug));

const place = (wait: string, headers: Record<string, string> = {}) =>
  order.routes.request('/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: wait, ...headers },
    body: JSON.stringify(cart),
  });
const open = () =>
  database.query((sql) => sql<{ id: string }[]>`select id from orders where status = 'pending' order by id`);
/** The one order that is open comes to its end. */
async function confirm(): Promise<void> {
  await until('it is placed', async () => (await open()).length === 1);
  const [{ id } = { id: '' }] = await open();
  await receive(message('stock.reserved', id));
  await receive(message('payment.authorized', id));
}

describe('a client that prefers to wait', () => {
  test.each([
    ['wait=5', '5'],
    ['respond-async, wait="7"', '7'],
    ['wait=99', '30'],
  ])('has the outcome in its answer: %s', async (prefer, applied) => {
    const [response] = await Promise.all([place(prefer), confirm()]);
    expect(response.status).toBe(201);
    expect(response.headers.get('preference-applied')).toBe(`wait=${applied}`);
    const told = (await response.json()) as { id: string };
    expect(told).toMatchObject({ status: 'confirmed', step: 'done' });
    expect(response.headers.get('location')).toBe(`/orders/${told.id}`);
  });

  test('has the order as it is when the time is up', async () => {
    const startMs = performance.now();
    const response = await place('wait=1');
    expect(performance.now() - startMs).toBeGreaterThan(950);
    expect(response.headers.get('preference-applied')).toBe('wait=1');
    expect(await response.json()).toMatchObject({ status: 'pending' });
  });

  test.each(['wait=0', 'wait=-1', 'wait=soon', 'return=minimal', 'await=3'])(
    '%s: is not made to wait',
    async (prefer) => {
      const response = await place(prefer);
      expect(response.headers.has('preference-applied')).toBe(false);
      expect(await response.json()).toMatchObject({ status: 'pending' });
    },
  );

  test('with a key: the first answer is kept, and a replay waits too', async () => {
    const key = { 'idempotency-key': 'waits' };
    const [first] = await Promise.all([place('wait=5', key), confirm()]);
    const outcome = await first.json();
    expect(outcome).toMatchObject({ status: 'confirmed' });
    const replay = await place('wait=5', key);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    expect(replay.headers.get('preference-applied')).toBe('wait=5');
    expect(await replay.json()).toEqual(outcome);
    const kept = await place('', key);
    expect(await kept.json()).toMatchObject({ status: 'pending' });
  });

  test('of a refusal is not made to wait', async () => {
    const response = await order.routes.request('/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=20' },
      body: JSON.stringify({ ...cart, lines: [{ sku: 'NONE', quantity: 1 }] }),
    });
    expect(response.status).toBe(422);
  });
});

describe('those who wait', () => {
  const ids = async (count: number) => {
    const responses = await Promise.all(Array.from({ length: count }, () => post('/orders', cart)));
    return Promise.all(responses.map(async (response) => ((await response.json()) as { id: string }).id));
  };
  const nobody = () => new AbortController().signal;
  /** Counts the questions that the database is asked. */
  const counted = () => {
    const asked = { count: 0 };
    const query: typeof database.query = (statement, limits) => {
      asked.count += 1;
      return database.query(statement, limits);
    };
    return { asked, outcomes: createOutcomes({ query }) };
  };

  test('cost one question for all of them, and none when nobody waits any more', async () => {
    const { asked, outcomes } = counted();
    const all = await ids(100);
    const heard = Promise.all(
      all.flatMap((id) => [outcomes.wait(id, 20, nobody()), outcomes.wait(id, 20, nobody())]),
    );
    await until('they are asked about', () => asked.count >= 3);
    await receive(
      ...all.map((id) => message('stock.rejected', id, { reason: { code: 'out_of_stock', detail: 'x' } })),
    );
    const before = asked.count;
    expect(await heard).toEqual(Array.from({ length: 200 }, () => true));
    expect(asked.count - before).toBeLessThan(20);
    const after = asked.count;
    await outcomes.wait(all[0] ?? '', 5, nobody());
    expect(asked.count).toBe(after + 1);
  });

  test('are let go when they hang up, and at a stop; beyond the limit nobody is taken on', async () => {
    const { outcomes } = counted();
    const [id = ''] = await ids(1);
    const leaving = new AbortController();
    const left = outcomes.wait(id, 30, leaving.signal);
    leaving.abort();
    expect(await left).toBe(true);
    const many = Array.from({ length: 2_000 }, () => outcomes.wait(id, 30, nobody()));
    expect(await outcomes.wait(id, 30, nobody())).toBe(false);
    outcomes.end();
    expect((await Promise.all(many)).every(Boolean)).toBe(true);
    expect(await outcomes.wait(id, 30, nobody())).toBe(false);
  });
});
