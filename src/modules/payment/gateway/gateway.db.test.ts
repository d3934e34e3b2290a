/** One suite for every card processor: whatever it does to a call, the money moves once and Payment learns of it. */
import { v7 as uuidv7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { authorize, message, openPayment } from '../../../../test/support/payment.ts';
import { type Processor, processors } from '../../../../test/support/processors.ts';
import { until } from '../../../../test/support/until.ts';
import type { Observer } from '../../../outbox/index.ts';
import type { Gateway } from './gateway.ts';

const { becomes, database, endClaim, hears, open, row } = await openPayment();

type Failure = Parameters<NonNullable<Observer['failed']>>[0];

describe.each(processors)('%s', (_, start) => {
  let processor: Processor;
  const failures: Failure[] = [];
  const observer: Observer = { failed: (event) => failures.push(event) };
  /** Tests that wait for a timeout wait no longer than a busy machine needs for a call. */
  const impatient = { timeoutSeconds: 1.5 };
  const openHere = (options = {}) => open(processor.gateway, { observer, ...options });

  beforeAll(async () => {
    processor = await start(database);
  });
  afterAll(() => processor.close());
  afterEach(() => {
    // What an operator is told holds no secret, whatever went wrong.
    const told = failures.map((event) => `${JSON.stringify(event)} ${(event.error as Error).stack}`).join();
    expect(told).not.toMatch(/tok_|secret/);
    failures.length = 0;
  });

  /** The failures of the calls for an order: what an operator sees of it. */
  const failuresOf = (orderId: string) => failures.filter(({ subject }) => subject === orderId);

  test('authorized, then captured, each asked once, for the amount of the order', async () => {
    const { receive } = openHere();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('order.confirmed', id));
    await becomes(id, 'captured');
    expect(await processor.ledger(id)).toEqual([
      { operation: 'authorize', amount: 1250, asks: 1, done: true },
      { operation: 'capture', amount: 1250, asks: 1, done: true },
    ]);
    expect(failures).toEqual([]);
  });

  test.each([
    ['tok_declined', 'card_declined'],
    ['tok_insufficient_funds', 'insufficient_funds'],
    ['tok_nonsense', 'unknown_token'],
  ])('declines %s', async (token, declineCode) => {
    const { receive, routes } = openHere();
    const id = uuidv7();
    await receive(authorize(id, token));
    await hears(id, 'payment.declined');
    const response = await routes.request(`/payments?orderId=${id}`);
    expect(await response.json()).toMatchObject({ data: [{ status: 'declined', declineCode }] });
  });

  test.each([
    ['does not answer: asked again with the same key, charged once', 'tok_timeout', 2],
    ['is unavailable three times: asked until it works', 'tok_unavailable', 4],
  ])('%s', async (_, token, asks) => {
    const { receive } = openHere(impatient);
    const id = uuidv7();
    await receive(authorize(id, token));
    await hears(id, 'payment.authorized');
    expect(await processor.ledger(id)).toEqual([{ operation: 'authorize', amount: 1250, asks, done: true }]);
    expect(failuresOf(id)).toHaveLength(asks - 1);
  });

  /** What becomes of a first call, and how often the card processor is asked in the end. */
  const unknown = [
    ['lost', 1],
    ['silent', 2],
    ['late', 2],
  ] as const;

  test('a call that is lost, whose answer is lost, or that succeeds when nobody waits any more: done once', async () => {
    const { receive } = openHere(impatient);
    const orders = unknown.flatMap(([kind, asks]) =>
      (['capture', 'void'] as const).map((then) => ({ id: uuidv7(), kind, asks, then })),
    );
    for (const { id, kind } of orders) await processor.fault({ kind, operation: 'authorize', orderId: id });
    await receive(...orders.map(({ id }) => authorize(id)));
    for (const { id, kind, then } of orders) {
      await hears(id, 'payment.authorized');
      await processor.fault({ kind, operation: then, orderId: id });
      await receive(message(then === 'void' ? 'payment.void' : 'order.confirmed', id));
    }
    for (const { id, asks, then } of orders) {
      await becomes(id, then === 'void' ? 'voided' : 'captured');
      expect(await processor.ledger(id)).toMatchObject([
        { operation: 'authorize', asks, done: true },
        { operation: then, asks, done: true },
      ]);
      const error = { message: 'the card processor did not answer in time' };
      expect(failuresOf(id)).toMatchObject([
        { what: 'gateway authorize', attempts: 1, error },
        { what: `gateway ${then}`, attempts: 1, error },
      ]);
    }
  });

  test('an answer whose process died before it was recorded is asked for again, and is the same', async () => {
    const { receive } = openHere();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await database.query(
      (sql) => sql`
        update payments set state = 'authorizing', approved = null, payment_token = 'tok_visa', inquire_at = null,
          call_at = now(), call_since = now(), calls = 1 where order_id = ${id}`,
    );
    await hears(id, 'payment.authorized', 'payment.authorized');
    expect(await processor.ledger(id)).toMatchObject([{ operation: 'authorize', asks: 2, done: true }]);
  });

  test('a void while the authorization is not known asks for that first, then gives back', async () => {
    const { receive } = openHere(impatient);
    const orders = unknown.map(([kind, asks]) => ({ id: uuidv7(), kind, asks }));
    for (const { id, kind } of orders) await processor.fault({ kind, operation: 'authorize', orderId: id });
    await receive(...orders.flatMap(({ id }) => [authorize(id), message('payment.void', id)]));
    for (const { id, asks } of orders) {
      await hears(id, 'payment.voided');
      expect(await processor.ledger(id)).toMatchObject([
        { operation: 'authorize', asks, done: true },
        { operation: 'void', asks: 1, done: true },
      ]);
      expect(await row(id)).toMatchObject({
        state: 'voided',
        callAt: null,
        callSince: null,
        callError: null,
      });
    }
  });

  test('a void overtakes an authorization that succeeds late: voided, and never said to be authorized', async () => {
    const { receive } = openHere({ timeoutSeconds: 15 });
    const id = uuidv7();
    await processor.fault({ kind: 'slow', operation: 'authorize', orderId: id, delayMs: 3_000 });
    await receive(authorize(id));
    await until('the money is promised', async () => (await processor.ledger(id)).length === 1);
    await receive(message('payment.void', id));
    await hears(id, 'payment.voided');
    expect(await processor.ledger(id)).toMatchObject([{ asks: 1 }, { operation: 'void', done: true }]);
  });

  test('a capture and a void that fail are tried again with growing waits, and an operator sees it', async () => {
    const { receive } = openHere();
    const [kept, undone] = [uuidv7(), uuidv7()];
    await receive(authorize(kept), authorize(undone));
    for (const id of [kept, undone]) {
      await hears(id, 'payment.authorized');
      await processor.fault({ kind: 'unavailable', orderId: id, times: 3 });
    }
    await receive(message('order.confirmed', kept), message('payment.void', undone));
    const { callSince: began } = (await row(kept)) ?? {};
    await until('both were tried twice', async () => {
      const rows = await Promise.all([row(kept), row(undone)]);
      return rows.every((payment) => (payment?.calls ?? 0) >= 2 && payment?.callError);
    });
    expect(await row(kept)).toMatchObject({
      state: 'capturing',
      callSince: began,
      callError: expect.stringMatching(
        /^(CallFailed|Error): the card processor (is unavailable|answered 503)$/,
      ),
    });
    // Said again meanwhile, it is the same call that goes on.
    const { callSince: undoing } = (await row(undone)) ?? {};
    await receive(message('payment.void', undone));
    expect(await row(undone)).toMatchObject({ callSince: undoing, callError: expect.any(String) });
    await becomes(kept, 'captured');
    await becomes(undone, 'voided');
    for (const [id, operation] of [
      [kept, 'capture'],
      [undone, 'void'],
    ] as const) {
      const waits = failuresOf(id).map(({ retryInMs }) => retryInMs);
      for (const [n, waitMs] of waits.entries()) {
        expect(waitMs).toBeGreaterThanOrEqual(250 * 2 ** n);
        expect(waitMs).toBeLessThanOrEqual(500 * 2 ** n);
      }
      expect(failuresOf(id)).toMatchObject(
        [1, 2, 3].map((attempts) => ({ what: `gateway ${operation}`, attempts, since: expect.any(Date) })),
      );
      expect(await row(id)).toMatchObject({ callAt: null, callSince: null, callError: null });
    }
  });

  test('after a thousand failures it is asked again within a minute, and known since when', async () => {
    const { receive } = openHere();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    // Once more than it must be: before it has failed a thousand times it may be asked again.
    await processor.fault({ kind: 'unavailable', orderId: id, times: 3 });
    await receive(message('payment.void', id));
    await until('it failed', () => failuresOf(id).length >= 1);
    const since = new Date('2026-01-01');
    await database.query(
      (sql) => sql`
        update payments set calls = 1000, call_since = ${since}, call_at = now(), call_error = null
        where order_id = ${id}`,
    );
    const thousandth = () => failuresOf(id).find(({ attempts }) => attempts === 1001);
    await until('it failed again', () => thousandth() !== undefined);
    expect(thousandth()).toMatchObject({ since });
    await until('its wait is known', async () => (await row(id))?.callError !== null);
    const waitMs = ((await row(id))?.callAt?.getTime() ?? 0) - Date.now();
    expect(waitMs).toBeGreaterThan(20_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    await until('it is voided', async () => {
      await endClaim(id);
      return (await row(id))?.state === 'voided';
    });
  });

  test('a hundred that hang keep nobody waiting: at most half of four places are for repeated calls', async () => {
    const hanging = Array.from({ length: 100 }, () => uuidv7());
    const inHand = { first: 0, repeated: 0 };
    const most = { first: 0, repeated: 0, together: 0 };
    const asked = new Set<string>();
    let hangUp = () => {};
    const hungUp = new Promise<void>((resolve) => {
      hangUp = resolve;
    });
    const counted: Gateway = {
      ...processor.gateway,
      async authorize(call, signal) {
        const kind = asked.has(call.key) ? 'repeated' : 'first';
        asked.add(call.key);
        inHand[kind] += 1;
        most[kind] = Math.max(most[kind], inHand[kind]);
        most.together = Math.max(most.together, inHand.first + inHand.repeated);
        try {
          if (!hanging.includes(call.orderId)) return await processor.gateway.authorize(call, signal);
          // All are to be asked soon; then those that come again keep their places for as long as anybody looks.
          if (kind === 'repeated') await hungUp;
          else await until('all places are taken', () => most.first === 4);
          throw new Error('no answer');
        } finally {
          inHand[kind] -= 1;
        }
      },
    };
    const { receive } = open(counted, { concurrency: 4, timeoutSeconds: 60, observer });
    try {
      await receive(...hanging.map((id) => authorize(id)));
      await until('all of them were asked', () => asked.size === 100);
      await until('places are taken by repeated calls', () => inHand.repeated >= 2);
      // Nobody takes them, though the clock has looked for them since.
      const due = () =>
        database.query(
          async (sql) =>
            (await sql`select from payments where calls = 1 and call_at < now() - interval '2 seconds'`)
              .length,
        );
      await until('the others are due', async () => (await due()) === 98);
      for (let n = 0; n < 10; n += 1) {
        const id = uuidv7();
        await receive(authorize(id));
        await hears(id, 'payment.authorized');
      }
      expect(most).toEqual({ first: 4, repeated: 2, together: 4 });
    } finally {
      hangUp();
    }
  });

  describe('itself', () => {
    const call = () => {
      const orderId = uuidv7();
      const wish = { orderId, amount: 1250, currency: 'EUR' };
      const { gateway } = processor;
      const signal = () => AbortSignal.timeout(10_000);
      return {
        orderId,
        authorize: (amount = 1250) =>
          gateway.authorize(
            { ...wish, amount, key: `authorize:${orderId}`, paymentToken: 'tok_visa' },
            signal(),
          ),
        capture: (amount = 1250) => gateway.capture({ ...wish, amount, key: `capture:${orderId}` }, signal()),
        void: () => gateway.void({ ...wish, key: `void:${orderId}` }, signal()),
      };
    };

    test('moves money once, however often and however fast it is asked', async () => {
      const [kept, undone] = [call(), call()];
      const twenty = Array.from({ length: 20 });
      const answers = await Promise.all(twenty.flatMap(() => [kept.authorize(), undone.authorize()]));
      expect(answers).toEqual(answers.map(() => ({ approved: true })));
      await Promise.all(twenty.flatMap(() => [kept.capture(), undone.void()]));
      for (const [{ orderId }, operation] of [
        [kept, 'capture'],
        [undone, 'void'],
      ] as const)
        expect(await processor.ledger(orderId)).toEqual(
          ['authorize', operation].map((name) => ({
            operation: name,
            amount: 1250,
            asks: expect.any(Number),
            done: true,
          })),
        );
    });

    test('refuses what contradicts its ledger: that is no definite answer', async () => {
      const one = call();
      await expect(one.capture()).rejects.toThrow('the card processor');
      await expect(one.void()).rejects.toThrow('the card processor');
      await one.authorize();
      await expect(one.authorize(999)).rejects.toThrow('the card processor');
      await expect(one.capture(999)).rejects.toThrow('the card processor');
      await one.void();
      await expect(one.capture()).rejects.toThrow('the card processor');
      expect((await processor.ledger(one.orderId)).map(({ operation }) => operation)).toEqual([
        'authorize',
        'void',
      ]);
    });

    test('lets go when its caller hangs up', async () => {
      const orderId = uuidv7();
      await processor.fault({ kind: 'lost', orderId });
      const hangUp = new AbortController();
      const calling = processor.gateway.void(
        { orderId, amount: 1, currency: 'EUR', key: `void:${orderId}` },
        hangUp.signal,
      );
      const outcome = expect(calling).rejects.toThrow(/did not answer/);
      hangUp.abort();
      await outcome;
    });
  });
});
