import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createScriptedBroker } from '../../../test/support/broker.ts';
import { openTestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { createDispatcher } from '../../outbox/dispatcher.ts';
import type { Message } from '../../outbox/index.ts';
import { compose } from '../../outbox/message.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { createInquiries } from '../inquiries.ts';
import type { Gateway } from './gateway/gateway.ts';
import { createSimulatedGateway } from './gateway/simulated.ts';
import { createPayment } from './index.ts';

const settings = { inquiryAfterSeconds: 60, gatewayConcurrency: 20, gatewayTimeoutSeconds: 0.2 };
const database = await openTestDatabase('payment', createPayment(settings).migrations);

/** The broker is away: what Payment says stays in its outbox, where the tests read it. */
const broker = createScriptedBroker();
broker.ready = false;
const unit = createUnitOfWork({
  database,
  source: '/payment',
  dispatcher: createDispatcher({ database, broker, news: [] }),
});

/** Replicas of the module over the same database, closed after each test. */
const replicas: { close(): Promise<void> }[] = [];
function open(gateway: Gateway = createSimulatedGateway(database)) {
  const module = createPayment(settings, () => gateway).open({ database, unit, log: () => {}, observer: {} });
  for (const clock of module.clocks) clock.start();
  replicas.push({
    async close() {
      await Promise.all(module.clocks.map((clock) => clock.stop()));
      await module.close?.();
    },
  });
  const receive = (...messages: Message[]) => unit.run((inHand) => module.handle(inHand, messages));
  return { routes: module.routes, receive };
}

beforeEach(() => database.query((sql) => sql`truncate payments, simulated_gateway_ledger, outbox`));
afterEach(async () => {
  for (const replica of replicas.splice(0)) await replica.close();
});

const message = (type: string, subject: string, data: unknown = {}): Message =>
  compose({ type, subject, data }, '/order', new Date());
const authorize = (orderId: string, paymentToken = 'tok_visa', amount = 1250) =>
  message('payment.authorize', orderId, { amount, currency: 'EUR', paymentToken });
const said = async (orderId: string) =>
  (
    await database.query(
      (sql) => sql<{ type: string }[]>`select type from outbox where subject = ${orderId} order by id`,
    )
  ).map(({ type }) => type);
const hears = (orderId: string, ...types: string[]) =>
  until(`${types} about ${orderId}`, async () => (await said(orderId)).join() === types.join(), 15_000);
const stateOf = async (orderId: string) =>
  (
    await database.query(
      (sql) => sql<{ state: string }[]>`select state from payments where order_id = ${orderId}`,
    )
  )[0]?.state;
const becomes = (orderId: string, state: string) =>
  until(`${orderId} is ${state}`, async () => (await stateOf(orderId)) === state, 15_000);
const ledger = (orderId: string) =>
  database.query(
    (sql) => sql<{ operation: string; asks: number; done: boolean }[]>`
      select operation, asks, done from simulated_gateway_ledger where order_id = ${orderId} order by at`,
  );

describe('the happy way', () => {
  test('authorized, captured when the order is confirmed, the token forgotten', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('order.confirmed', id));
    await becomes(id, 'captured');
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize' }, { operation: 'capture' }]);
    expect(await database.query((sql) => sql`select payment_token from payments`)).toEqual([
      { payment_token: null },
    ]);
  });

  test('the commit wakes the calls: ten payments, one after the other, do not wait for ten seconds of the clock', async () => {
    const { receive } = open();
    const startMs = performance.now();
    for (let n = 0; n < 10; n += 1) {
      const id = uuidv7();
      await receive(authorize(id));
      await hears(id, 'payment.authorized');
    }
    expect(performance.now() - startMs).toBeLessThan(8_000);
  });

  test('a reply carries the times of its command', async () => {
    const { receive } = open();
    const id = uuidv7();
    const command = {
      ...authorize(id),
      senttime: '2026-03-01T12:00:00.000Z',
      receivedtime: '2026-03-01T12:00:01.000Z',
      attempt: 2,
    };
    await receive(command);
    await hears(id, 'payment.authorized');
    const [row] = await database.query((sql) => sql<{ message: object }[]>`select message from outbox`);
    expect(row?.message).toMatchObject({
      causationid: command.id,
      commandsent: command.senttime,
      commandreceived: command.receivedtime,
      commandattempt: 2,
      commandhandled: expect.any(String),
    });
  });

  test('asked again it answers the same again, and charges once', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id), authorize(id));
    await hears(id, 'payment.authorized');
    await receive(authorize(id));
    expect(await said(id)).toEqual(['payment.authorized', 'payment.authorized']);
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize', asks: 1 }]);
  });
});

describe('the card processor', () => {
  test.each([
    ['tok_declined', 'card_declined'],
    ['tok_insufficient_funds', 'insufficient_funds'],
    ['tok_nonsense', 'unknown_token'],
  ])('declines %s', async (token, declineCode) => {
    const { receive, routes } = open();
    const id = uuidv7();
    await receive(authorize(id, token));
    await hears(id, 'payment.declined');
    const response = await routes.request(`/payments?orderId=${id}`);
    expect(await response.json()).toMatchObject({
      data: [{ orderId: id, status: 'declined', declineCode }],
      nextCursor: null,
    });
  });

  test.each([
    ['does not answer: asked again with the same key, charged once', 'tok_timeout', 2],
    ['is unavailable three times: asked until it works', 'tok_unavailable', 4],
  ])('%s', async (_, token, asks) => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id, token));
    await hears(id, 'payment.authorized');
    expect(await ledger(id)).toEqual([{ operation: 'authorize', asks, done: true }]);
  });

  test('a call whose answer was lost is made again after its claim, and the answer is the same', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    // As if the process had been killed after the call and before its record.
    await database.query(
      (sql) => sql`
        update payments set state = 'authorizing', approved = null, payment_token = 'tok_visa', inquire_at = null,
          call_at = now(), calls = 1 where order_id = ${id}`,
    );
    await hears(id, 'payment.authorized', 'payment.authorized');
    expect(await ledger(id)).toEqual([{ operation: 'authorize', asks: 2, done: true }]);
  });

  test('a slow call keeps nobody else waiting', async () => {
    const { receive } = open();
    const [slow, quick] = [uuidv7(), uuidv7()];
    await receive(authorize(slow, 'tok_timeout'));
    await receive(authorize(quick));
    await hears(quick, 'payment.authorized');
    expect(await said(slow)).toEqual([]);
    await hears(slow, 'payment.authorized');
  });

  test('no more calls at once than allowed, no call by two replicas, and all are made', {
    timeout: 30_000,
  }, async () => {
    const simulated = createSimulatedGateway(database);
    const inHand = new Set<string>();
    let most = 0;
    const counted: Gateway = {
      ...simulated,
      async authorize(call, signal) {
        if (inHand.has(call.key)) throw new Error('called twice at once');
        inHand.add(call.key);
        most = Math.max(most, inHand.size);
        try {
          return await simulated.authorize(call, signal);
        } finally {
          inHand.delete(call.key);
        }
      },
    };
    const { receive } = open(counted);
    open(counted);
    const ids = Array.from({ length: 500 }, () => uuidv7());
    for (let from = 0; from < ids.length; from += 100)
      await receive(...ids.slice(from, from + 100).map((id) => authorize(id)));
    await until(
      'all are authorized',
      async () =>
        (await database.query((sql) => sql`select 1 from payments where state = 'authorized'`)).length ===
        500,
    );
    expect(most).toBeLessThanOrEqual(2 * settings.gatewayConcurrency);
    const asks = await database.query((sql) => sql`select 1 from simulated_gateway_ledger where asks > 1`);
    expect(asks).toHaveLength(0);
  });

  test('a new payment is not kept waiting by many that are asked again', async () => {
    const sick: Gateway = {
      ...createSimulatedGateway(database),
      authorize: (call, signal) =>
        call.paymentToken === 'tok_visa'
          ? Promise.resolve({ approved: true })
          : new Promise((_, reject) => signal.addEventListener('abort', reject)),
    };
    const { receive } = open(sick);
    const ids = Array.from({ length: 100 }, () => uuidv7());
    await receive(...ids.map((id) => authorize(id, 'tok_sick')));
    await until(
      'they are asked again',
      async () => (await database.query((sql) => sql`select 1 from payments where calls > 1`)).length > 10,
    );
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
  });
});

describe('a void', () => {
  test('of what is authorized gives the money back', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('payment.void', id));
    await hears(id, 'payment.authorized', 'payment.voided');
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize' }, { operation: 'void', done: true }]);
  });

  test('while the authorization is not known asks for that first, then gives back', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id, 'tok_timeout'));
    await receive(message('payment.void', id));
    await hears(id, 'payment.voided');
    expect(await ledger(id)).toMatchObject([
      { operation: 'authorize', asks: 2 },
      { operation: 'void', done: true },
    ]);
    expect(await stateOf(id)).toBe('voided');
  });

  test('that comes first leaves a tombstone: the late authorization charges nothing', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(message('payment.void', id));
    await receive(authorize(id));
    expect(await said(id)).toEqual(['payment.voided', 'payment.voided']);
    expect(await ledger(id)).toEqual([]);
  });

  test('and an authorize of one order at the same moment meet, whichever is first', async () => {
    const { receive } = open();
    const ids = Array.from({ length: 20 }, () => uuidv7());
    await Promise.all(ids.flatMap((id) => [receive(authorize(id)), receive(message('payment.void', id))]));
    for (const id of ids) await becomes(id, 'voided');
    const open_ = await database.query(
      (sql) => sql`
        select order_id from simulated_gateway_ledger group by order_id
        having bool_or(operation = 'authorize') and not bool_or(operation = 'void')`,
    );
    expect(open_).toEqual([]);
  });

  test('of captured money, and a capture of what is not authorized, are failures', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('order.confirmed', id));
    await becomes(id, 'captured');
    await expect(receive(message('payment.void', id))).rejects.toThrow(
      'payment.void cannot be: the payment is captured',
    );
    await expect(receive(message('order.confirmed', uuidv7()))).rejects.toThrow('the payment is not there');
  });
});

test('what is authorized for long asks Order, at first soon, and not while its question is still here', async () => {
  const { receive } = open();
  const id = uuidv7();
  await receive(authorize(id));
  await hears(id, 'payment.authorized');
  const inquiries = createInquiries({ unit, participant: 'payment', table: 'payments', afterSeconds: 60 });
  await inquiries.runOnce();
  expect(await said(id)).toEqual(['payment.authorized']);
  const due = () =>
    database.query((sql) => sql`update payments set inquire_at = now() where order_id = ${id}`);
  await due();
  await Promise.all([inquiries.runOnce(), inquiries.runOnce()]);
  await hears(id, 'payment.authorized', 'order.inquire');
  await due();
  await inquiries.runOnce();
  expect(await said(id)).toEqual(['payment.authorized', 'order.inquire']);
  await database.query((sql) => sql`delete from outbox`);
  await due();
  await inquiries.runOnce();
  expect(await said(id)).toEqual(['order.inquire']);
  const [{ wait } = { wait: 0 }] = await database.query(
    (sql) =>
      sql<
        { wait: number }[]
      >`select extract(epoch from inquire_at - now())::float8 as wait from payments where order_id = ${id}`,
  );
  expect(wait).toBeGreaterThan(200);
  expect(wait).toBeLessThanOrEqual(480);
});

test('payments are listed newest first, never with a token', async () => {
  const { receive, routes } = open();
  const ids = [uuidv7(), uuidv7(), uuidv7()];
  for (const id of ids) {
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
  }
  const get = async (query: string) => (await routes.request(`/payments?${query}`)).text();
  const page = JSON.parse(await get('limit=2'));
  expect(page.data.map(({ orderId }: { orderId: string }) => orderId)).toEqual([ids[2], ids[1]]);
  expect(JSON.parse(await get(`limit=2&after=${page.nextCursor}`)).data).toHaveLength(1);
  expect(Object.keys(page.data[0]).sort()).toEqual(
    ['id', 'orderId', 'amount', 'currency', 'status', 'declineCode'].sort(),
  );
  expect(await get('')).not.toContain('tok_');
  expect((await routes.request('/payments?orderId=nonsense')).status).toBe(422);
});
