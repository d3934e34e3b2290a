import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { openTelling } from '../../../../test/support/notices.ts';
import { openReceiver, type Received } from '../../../../test/support/receiver.ts';
import { until } from '../../../../test/support/until.ts';
import { createNotices } from './notices.ts';

const telling = await openTelling();
const { database, ask, json, register, ended, handOn, deliverer, deliveries, delivery, deliver, later } =
  telling;
const shop = await openReceiver();
const other = await openReceiver();

const idsAt = (receiver: { received: Received[] }) =>
  receiver.received.map(({ headers }) => headers['webhook-id']);

/** A receiver as it was opened, with an endpoint for it. */
async function endpoint(receiver = shop, answer: typeof shop.answer = () => 204) {
  receiver.received.length = 0;
  receiver.answer = answer;
  return register(`${receiver.url}/hook`);
}

describe('a notice is handed on', () => {
  test('as one delivery for each enabled endpoint, whoever takes it', async () => {
    const [first, second] = [await endpoint(), await endpoint(other)];
    const off = await endpoint();
    await database.query(
      (sql) =>
        sql`update webhook_endpoints set disabled_at = now(), disabled_reason = 'x' where id = ${off.id}`,
    );
    const orders = await ended(3);
    await Promise.all([handOn(), handOn()]);
    await handOn();
    const made = await deliveries();
    for (const orderId of orders)
      expect(
        made
          .filter((one) => one.orderId === orderId)
          .map((one) => one.endpointId)
          .sort(),
      ).toEqual([first.id, second.id].sort());
    expect(made).toHaveLength(6);
  });

  test('all of them, in portions, however long they have waited', async () => {
    await ended(250);
    await database.query((sql) => sql`update notices set next_attempt_at = now() - interval '1 hour'`);
    const told: object[] = [];
    const notices = createNotices({ database, mails: false, onHandedOn: (notice) => told.push(notice) });
    expect([await notices.runOnce(), await notices.runOnce(), await notices.runOnce()]).toEqual([
      { more: true },
      { more: true },
      { more: false },
    ]);
    expect(told).toHaveLength(250);
  });

  test('wholly or not at all', async () => {
    await endpoint();
    await ended();
    await database.query(
      (sql) => sql`alter table deliveries add constraint planted check (order_id is null) not valid`,
    );
    const told: object[] = [];
    const notices = createNotices({ database, mails: false, onHandedOn: (notice) => told.push(notice) });
    await expect(notices.runOnce()).rejects.toThrow('planted');
    await database.query((sql) => sql`alter table deliveries drop constraint planted`);
    expect(told).toEqual([]);
    await notices.runOnce();
    expect(told).toHaveLength(1);
    expect(await deliveries()).toHaveLength(1);
  });
});

describe('a webhook', () => {
  test('arrives, is verified by the standard’s own package, and says the outcome', async () => {
    const { secret } = await endpoint();
    const id = await telling.placed();
    await telling.post(`/orders/${id}/cancel`, {});
    await handOn();
    await deliver();
    const [{ body, headers, path } = { body: '', headers: {}, path: '' }] = shop.received;
    expect(path).toBe('/hook');
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      type: 'order.cancelled',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: {
        id,
        customerId: 'cus_1',
        status: 'cancelled',
        reason: { code: 'cancelled_by_customer' },
        total: 2500,
      },
    });
    const [{ id: deliveryId = '' } = {}] = await deliveries();
    expect(headers['webhook-id']).toBe(deliveryId);
    expect(await delivery(deliveryId)).toMatchObject({
      state: 'delivered',
      nextAttemptAt: null,
      history: [{ number: 1, outcome: 'delivered', error: null, seconds: expect.any(Number) }],
    });
  });

  test('that fails comes again under the same id, with the same body, later', async () => {
    const answers = [500, 302, 204];
    await endpoint(shop, () => answers.shift() ?? 500);
    await ended();
    await handOn();
    await deliver();
    const [{ id = '' } = {}] = await deliveries();
    const { nextAttemptAt, history, ...waiting } = await delivery(id);
    expect(waiting).toMatchObject({ state: 'pending', error: 'status 500', attempts: 1 });
    const nextMs = Date.parse(nextAttemptAt ?? '');
    expect(nextMs - Date.parse(history[0]?.at ?? '')).toBeGreaterThan(4_900);
    expect(nextMs - Date.now()).toBeLessThan(10_000);
    // Not before.
    await deliver();
    expect(shop.received).toHaveLength(1);
    await later();
    await deliver();
    await later();
    await deliver();
    expect(await delivery(id)).toMatchObject({
      state: 'delivered',
      error: null,
      history: [
        { number: 3, outcome: 'delivered', error: null },
        { number: 2, outcome: 'failed', error: 'status 302' },
        { number: 1, outcome: 'failed', error: 'status 500' },
      ],
    });
    expect(idsAt(shop)).toEqual([id, id, id]);
    expect(new Set(shop.received.map(({ body }) => body)).size).toBe(1);
  });

  test('is given up after its last attempt, and a replay begins anew', async () => {
    await endpoint(shop, () => 500);
    await ended();
    await handOn();
    await database.query((sql) => sql`update deliveries set attempts = 18`);
    await deliver();
    const [{ id = '' } = {}] = await deliveries();
    expect(await delivery(id)).toMatchObject({ state: 'failed', attempts: 19, error: 'status 500' });
    expect(await json(ask('POST', `/deliveries/${id}/replay`, {}), 202)).toMatchObject({ state: 'pending' });
    await deliver();
    expect(await delivery(id)).toMatchObject({ state: 'pending', attempts: 20 });
    shop.answer = () => 204;
    await later();
    await deliver();
    expect(await delivery(id)).toMatchObject({ state: 'delivered', attempts: 21 });
    expect(new Set(idsAt(shop)).size).toBe(1);
  });

  test('is signed with the old secret too, for a day', async () => {
    const { id, secret } = await endpoint();
    const rotated = await json<{ secret: string; previousSecretUntil: string }>(
      ask('POST', `/webhooks/${id}/rotate`, {}),
    );
    expect(Date.parse(rotated.previousSecretUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    const verified = () => {
      const { body = '', headers = {} } = shop.received.at(-1) ?? {};
      return [rotated.secret, secret].map((one) => {
        try {
          return Boolean(new Webhook(one).verify(body, headers));
        } catch {
          return false;
        }
      });
    };
    await ended();
    await handOn();
    await deliver();
    expect(verified()).toEqual([true, true]);
    await database.query((sql) => sql`update webhook_endpoints set previous_secret_until = now()`);
    await ended();
    await handOn();
    await deliver();
    expect(verified()).toEqual([true, false]);
  });

  test('that is answered 410 is the last: the endpoint is disabled, and enabled again by hand', async () => {
    const { id } = await endpoint(shop, () => 410);
    await ended();
    await handOn();
    await deliver();
    expect(await deliveries()).toMatchObject([{ state: 'failed', error: 'status 410', attempts: 1 }]);
    expect(await json(ask('GET', `/webhooks/${id}`))).toMatchObject({
      enabled: false,
      disabledReason: 'it answered 410 Gone',
    });
    await ended();
    await handOn();
    expect(await deliveries()).toHaveLength(1);
    expect(await json(ask('POST', `/webhooks/${id}/enable`, {}))).toMatchObject({
      enabled: true,
      disabledReason: null,
    });
    // What it has missed meanwhile, and what it did not take.
    shop.answer = () => 204;
    const since = new Date(Date.now() - 60_000).toISOString();
    expect(await json(ask('POST', `/webhooks/${id}/replay`, { since }), 202)).toEqual({
      deliveries: 2,
      more: false,
    });
    await deliver();
    expect((await deliveries()).map(({ state }) => state)).toEqual(['delivered', 'delivered']);
    expect(await json(ask('POST', `/webhooks/${id}/replay`, { since }), 202)).toMatchObject({
      deliveries: 0,
    });
  });

  test('that is not answered in time has failed', async () => {
    await endpoint(shop, () => new Promise(() => {}));
    await ended();
    await handOn();
    await deliver(deliverer({ timeoutSeconds: 0.1 }));
    expect(await deliveries()).toMatchObject([{ state: 'pending', error: 'no answer in 0.1 s' }]);
    await until('the connection is closed', () => shop.waiting() === 0);
  });
});

describe('several', () => {
  test('processes share the work: each delivery is sent once', async () => {
    await endpoint();
    await ended(40);
    await handOn();
    const processes = [deliverer(), deliverer(), deliverer()];
    await until('all are delivered', async () => {
      await Promise.all(processes.map((process) => process.runOnce()));
      return (await deliveries()).every(({ state }) => state === 'delivered');
    });
    expect(shop.received).toHaveLength(40);
    expect(new Set(idsAt(shop)).size).toBe(40);
  });

  test('endpoints do not wait for one that is slow, which is not asked more than eight at a time', async () => {
    await endpoint(shop, () => new Promise(() => {}));
    await endpoint(other);
    await ended(30);
    await handOn();
    let woken = 0;
    const process = deliverer({ wake: () => (woken += 1) });
    await until('the other has all', async () => {
      await process.runOnce();
      return other.received.length === 30;
    });
    await until('the slow one has what it may have', () => shop.waiting() === 8);
    await process.runOnce();
    expect(shop.received).toHaveLength(8);
    // Of the one that was full a place is free again: there may be more.
    expect(woken).toBeGreaterThan(0);
  });
});

describe('a process', () => {
  test('that dies leaves its deliveries to their leases: they come again under the same id', async () => {
    let answerFirst = (_: number) => {};
    await endpoint(shop, () => new Promise((resolve) => (answerFirst = resolve)));
    await ended();
    await handOn();
    const dying = deliverer();
    await dying.runOnce();
    await until('it is in hand', () => shop.received.length === 1);
    const [{ id = '', nextAttemptAt = '' } = {}] = await deliveries();
    expect(Date.parse(nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(15_000);
    // Leased: nobody else takes it, nor may it be replayed.
    await deliverer().runOnce();
    expect((await ask('POST', `/deliveries/${id}/replay`, {})).status).toBe(409);
    await later();
    shop.answer = () => 500;
    await deliverer().runOnce();
    await until('the second has failed', async () => (await delivery(id)).error === 'status 500');
    // The first was only slow: its late answer is written down, and does not decide any more.
    answerFirst(204);
    await until('it is written', async () => (await delivery(id)).history.at(-1)?.outcome === 'delivered');
    expect(await delivery(id)).toMatchObject({ state: 'pending', attempts: 2, error: 'status 500' });
    expect(idsAt(shop)).toEqual([id, id]);
  });

  test('that stops lets what is in hand end', async () => {
    let answer = (_: number) => {};
    await endpoint(shop, () => new Promise((resolve) => (answer = resolve)));
    await ended();
    await handOn();
    const process = deliverer({ graceMs: 10_000 });
    await process.runOnce();
    await until('it is in hand', () => shop.waiting() === 1);
    const closed = process.close();
    // Whoever hangs up at once has done so by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer(204);
    await closed;
    expect(await deliveries()).toMatchObject([{ state: 'delivered', error: null }]);
  });

  test('that stops leaves what hangs to its lease', async () => {
    await endpoint(shop, () => new Promise(() => {}));
    await ended();
    await handOn();
    const process = deliverer({ graceMs: 0 });
    await process.runOnce();
    await until('it is in hand', () => shop.waiting() === 1);
    await process.close();
    const [{ nextAttemptAt, ...left } = { nextAttemptAt: '' }] = await deliveries();
    expect(left).toMatchObject({ state: 'pending', error: null });
    expect(Date.parse(nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(15_000);
    await until('it has hung up', () => shop.waiting() === 0);
  });

  test('keeps the last fifty attempts of a delivery', async () => {
    await endpoint(shop, () => 500);
    await ended();
    await handOn();
    await database.query(
      (sql) => sql`
        with tried as (update deliveries set attempts = 60, spent = 60 returning id)
        insert into delivery_attempts (delivery_id, number) select id, n from tried, generate_series(1, 60) as n`,
    );
    await deliver();
    const [{ id = '' } = {}] = await deliveries();
    const { history } = await delivery(id);
    expect([history.at(0)?.number, history.at(-1)?.number, history.length]).toEqual([61, 12, 50]);
  });
});
