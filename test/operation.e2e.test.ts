/** What an operator sees and can do: failures and their repair, what waits, a deadline brought forward, the metrics. */
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cart, openShop, type Shop } from './support/shop.ts';

interface Group {
  readonly type: string | null;
  readonly error: string;
  readonly parked: number;
  readonly dead: number;
  readonly seen: number;
  readonly exampleIds: readonly string[];
}

/** In this process: what the doors do does not depend on the broker. */
let shop: Shop;
beforeAll(async () => {
  shop = await openShop('embedded', '', { GATEWAY_TIMEOUT_SECONDS: '3', FAILURE_RETRY_SECONDS: '600' });
  await shop.opened();
});
afterAll(() => shop.stop());

const account = { by: 'ops@night', reason: 'the producer was repaired' };
const json = async <T>(response: Promise<Response>) => (await response).json() as Promise<T>;
const groups = async () => (await json<{ data: Group[] }>(shop.ask('order', '/admin/order/failures'))).data;
const failures = () =>
  shop.look<{ id: string; attempts: number }>('order', (sql) => sql`select id, attempts from inbox_failures`);

describe('failures', () => {
  const strangers = Array.from({ length: 3 }, () => uuidv7());

  test('are grouped by their error, whatever ids are in it', async () => {
    for (const id of strangers) await shop.say('stock.reserved', id);
    await shop.say('order.inquire', uuidv7(), { participant: 'nobody' });
    await expect.poll(groups).toMatchObject([
      { type: 'stock.reserved', error: 'DeadMessage: order … is not known here', dead: 3, parked: 0 },
      { type: 'order.inquire', dead: 1, seen: 1 },
    ]);
  });

  test('one is shown whole, but for what must stay secret', async () => {
    const token = 'tok_of_somebody';
    await shop.say('payment.authorize', uuidv7(), { amount: -1, currency: 'EUR', paymentToken: token });
    await shop.sayRaw('payment.authorize', Buffer.from(`{"data":{"paymentToken":"${token}"`));
    const listed = async () =>
      (await json<{ data: Group[] }>(shop.ask('payment', '/admin/payment/failures'))).data;
    await expect.poll(async () => (await listed()).length).toBe(2);
    for (const { exampleIds, error } of await listed()) {
      const shown = await (await shop.ask('payment', `/admin/payment/failures/${exampleIds[0]}`)).text();
      expect(shown).toContain('"paymentToken');
      expect(shown).toContain('***');
      expect(JSON.parse(shown)).toMatchObject({ error: expect.stringContaining('DeadMessage'), attempts: 1 });
      expect(`${shown}${error}`).not.toContain(token);
    }
    expect((await shop.ask('payment', `/admin/payment/failures/${uuidv7()}`)).status).toBe(404);
  });

  test('a group is redriven: the same messages, at once, with all their attempts', async () => {
    const { id } = await shop.place();
    await shop.ended(id);
    // What was unknown is known now: the order that the dead message is about.
    await shop.look(
      'order',
      (sql) => sql`
        update inbox_failures set subject = ${id}, message = jsonb_set(message::jsonb, '{subject}', to_jsonb(${id}::text))::json
        where subject = ${strangers[0] ?? ''}`,
    );
    const [group] = await groups();
    const redriven = await shop.ask('order', '/admin/order/failures/redrive', {
      ...account,
      group: { type: group?.type, error: group?.error },
    });
    expect(await redriven.json()).toEqual({ failures: 3 });
    expect(shop.output()).toMatch(
      /"failures redrive","module":"order","by":"ops@night","reason":"the producer was repaired","failures":3/,
    );
    // One is handled (and ignored: it is late), the two others are dead again.
    await expect.poll(async () => (await groups())[0]?.dead).toBe(2);
    expect(await failures()).toHaveLength(3);
  });

  test('are discarded by id or all together, and do not come back', async () => {
    const [one] = await failures();
    const discard = async (what: object) =>
      (await shop.ask('order', '/admin/order/failures/discard', { ...account, ...what })).json();
    expect(await discard({ ids: [one?.id] })).toEqual({ failures: 1 });
    expect(await discard({ all: true })).toEqual({ failures: 2 });
    expect(await discard({ all: true })).toEqual({ failures: 0 });
    expect(await groups()).toEqual([]);
  });

  test.each([
    ['nobody', { reason: 'x', all: true }],
    ['no reason', { by: 'x', all: true }],
    ['nothing', { ...account }],
    ['everything or one', { ...account, all: true, ids: [uuidv7()] }],
    ['not all', { ...account, all: false }],
    ['no ids', { ...account, ids: [] }],
    ['a NUL', { ...account, group: { type: null, error: 'x\u0000' } }],
  ])('an action by or for %s is refused', async (_, action) => {
    for (const name of ['redrive', 'discard'])
      expect((await shop.ask('order', `/admin/order/failures/${name}`, action)).status).toBe(422);
  });
});

test('what waits to be sent is told by type, with the broker’s last word', async () => {
  const written = { specversion: '1.0', id: uuidv7(), type: 'nobody.listens' };
  await shop.look(
    'stock',
    (sql) => sql`
      insert into outbox (id, type, subject, message, created_at, leased_until, attempts, last_error)
      values (${written.id}, 'nobody.listens', 'x', ${JSON.stringify(written)}::text::json, now() - interval '2 minutes',
        now() + interval '1 hour', 3, 'PublishRefused: no queue takes nobody.listens')`,
  );
  const outbox = await json<object>(shop.ask('stock', '/admin/stock/outbox'));
  expect(outbox).toMatchObject({
    messages: 1,
    data: [
      { type: 'nobody.listens', messages: 1, attempts: 3, lastError: expect.stringContaining('no queue') },
    ],
  });
  await shop.look('stock', (sql) => sql`delete from outbox`);
});

describe('a deadline', () => {
  const bringForward = (id: string) => shop.ask('order', `/admin/order/orders/${id}/deadline`, account);
  const events = (id: string) =>
    shop.look<{ event: string }>(
      'order',
      (sql) => sql`select event from order_history where order_id = ${id} order by seq`,
    );

  test('is brought forward: the step’s command goes out again', async () => {
    // Its first call to the card processor takes three seconds.
    const { id } = await shop.place(cart('PEN-01', 1, 'tok_timeout'));
    await expect.poll(async () => (await shop.find(id)).step).toBe('authorizing_payment');
    expect((await bringForward(id)).status).toBe(202);
    await expect.poll(async () => (await events(id)).map(({ event }) => event)).toContain('deadline');
    expect(await shop.ended(id)).toMatchObject({ status: 'confirmed' });
  });

  test('that is not awaited cannot be', async () => {
    const { id } = await shop.place();
    await shop.ended(id);
    expect((await bringForward(id)).status).toBe(409);
    expect((await bringForward(uuidv7())).status).toBe(404);
  });
});

test('/metrics tells what has happened and what is under way, and no id', async () => {
  const { id } = await shop.place(cart('PEN-01', 1, 'tok_declined'));
  await shop.ended(id);
  const scrape = async () => (await shop.ask('order', '/metrics')).text();
  await expect.poll(scrape).toMatch(/order_saga_order_seconds_count\{status="rejected"\} [1-9]/);
  const metrics = await scrape();
  for (const line of [
    /^order_saga_info\{version=".+"\} 1$/m,
    /^order_saga_outbox_sent_total\{module="order",type="stock.reserve"\} [1-9]/m,
    /^order_saga_inbox_handled_total\{module="payment",type="payment.authorize"\} [1-9]/m,
    /^order_saga_outbox_messages\{module="stock"\} \d+$/m,
    /^order_saga_failures\{module="payment",state="dead"\} 2$/m,
    /^order_saga_in_progress\{module="order",state="voiding_payment"\} 0$/m,
    /^order_saga_in_progress_oldest_seconds\{module="payment",state="capturing"\} [\d.]+$/m,
    /^order_saga_in_progress\{module="stock",state="held"\} \d+$/m,
    /^order_saga_gateway_call_seconds_count\{operation="authorize",outcome="declined"\} [1-9]/m,
    /^order_saga_http_request_seconds_count\{method="POST",route="\/orders",status="201"\} [1-9]/m,
    /^order_saga_database_up\{module="order"\} 1$/m,
    /^order_saga_broker_ready\{module="order"\} 1$/m,
    /^order_saga_database_connections\{module="order",state="open"\} [1-9]/m,
    /^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m,
  ])
    expect(metrics).toMatch(line);
  expect(metrics).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/);
});
