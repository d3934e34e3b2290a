import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test, vi } from 'vitest';
import { authorize, message, openPayment, settings } from '../../../test/support/payment.ts';
import { until } from '../../../test/support/until.ts';
import { createInquiries } from '../inquiries.ts';
import type { Authorization, Gateway } from './gateway/gateway.ts';
import { createHandler } from './messages.ts';
import { type DueCall, paymentStore } from './store.ts';

const { database, endClaim, hears, ledger, open, row, said, simulated, unit } = await openPayment();

describe('calls', () => {
  test('no more at once than allowed, no call by two replicas, and all are made', async () => {
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

  test('a slow one keeps nobody else waiting', async () => {
    const { receive } = open(simulated, { timeoutSeconds: 2.5 });
    const [slow, quick] = [uuidv7(), uuidv7()];
    await receive(authorize(slow, 'tok_timeout'));
    await receive(authorize(quick));
    await hears(quick, 'payment.authorized');
    expect(await said(slow)).toEqual([]);
    await hears(slow, 'payment.authorized');
  });

  test('a gateway that does not heed its signal gives its places back', async () => {
    const deaf: Gateway = {
      ...simulated,
      authorize: (call, signal) =>
        call.paymentToken === 'tok_visa' ? simulated.authorize(call, signal) : new Promise(() => {}),
    };
    const { receive } = open(deaf, { concurrency: 1, timeoutSeconds: 0.5 });
    const [hanging, quick] = [uuidv7(), uuidv7()];
    await receive(authorize(hanging, 'tok_deaf'));
    await until('it is called', async () => (await row(hanging))?.calls === 1);
    await receive(authorize(quick));
    await hears(quick, 'payment.authorized');
    await until('it is called again', async () => ((await row(hanging))?.calls ?? 0) > 1);
  });

  test('a claimed call that has waited too long for its place is not made until its claim has ended', async () => {
    const calls: string[] = [];
    let end = () => {};
    const oneHangs: Gateway = {
      ...simulated,
      async authorize(call, signal) {
        calls.push(call.orderId);
        if (calls.length === 1)
          await new Promise<void>((resolve) => {
            end = resolve;
          });
        return simulated.authorize(call, signal);
      },
    };
    const { receive } = open(oneHangs, { concurrency: 1, timeoutSeconds: 30 });
    const [first, late, next] = [uuidv7(), uuidv7(), uuidv7()];
    await receive(authorize(first));
    await receive(authorize(late));
    expect(calls).toEqual([first]);
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 6_000);
    try {
      end();
      await hears(first, 'payment.authorized');
      await receive(authorize(next));
      await hears(next, 'payment.authorized');
      expect(calls).toEqual([first, next]);
      await endClaim(late);
      await hears(late, 'payment.authorized');
    } finally {
      clock.mockRestore();
    }
  });

  test('an answer that comes when the same was asked again, recorded and voided changes nothing', async () => {
    let answer: ((authorization: Authorization) => void) | undefined;
    const slowAtFirst: Gateway = {
      ...simulated,
      authorize: (call, signal) =>
        answer
          ? simulated.authorize(call, signal)
          : new Promise((resolve) => {
              answer = resolve;
            }),
    };
    const { receive } = open(slowAtFirst, { timeoutSeconds: 30 });
    const id = uuidv7();
    await receive(authorize(id));
    await until('it is called', () => answer !== undefined);
    await endClaim(id);
    await hears(id, 'payment.authorized');
    await receive(message('payment.void', id));
    await hears(id, 'payment.authorized', 'payment.voided');
    const voided = await row(id);
    answer?.({ approved: true });
    // Answers are recorded in turn: when that of another payment is, so is this one.
    const next = uuidv7();
    await receive(authorize(next));
    await hears(next, 'payment.authorized');
    expect(await row(id)).toEqual(voided);
    expect(await said(id)).toEqual(['payment.authorized', 'payment.voided']);
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize' }, { operation: 'void', done: true }]);
  });
});

describe('claims', () => {
  const all = { first: 10, repeated: 10 };
  const claim = (limits = all, lastSeconds: number | null = null) =>
    database.transaction((sql) => paymentStore.claimCalls(sql, limits, 60, lastSeconds));
  /** Nobody calls: what is due stays due until the test claims it. */
  const handle = createHandler(
    { inquiryAfterSeconds: settings.inquiryAfterSeconds, claimSeconds: 60 },
    { claim: (all) => ({ all, make: () => {} }) },
  );
  const receive = (...messages: ReturnType<typeof message>[]) =>
    unit.run((inHand) => handle(inHand, messages));
  const repeat = (due: readonly DueCall[]) =>
    database.write((sql) =>
      paymentStore.repeatCalls(
        sql,
        due.map((one) => ({ due: one, inSeconds: 1, error: 'no answer' })),
      ),
    );

  test('a search for the latest ones finds those, one for all finds all', async () => {
    const [old, late] = [uuidv7(), uuidv7()];
    await receive(authorize(old), authorize(late));
    await database.query(
      (sql) => sql`update payments set call_at = now() - interval '100 seconds' where order_id = ${old}`,
    );
    const ids = (due: readonly DueCall[]) => due.map(({ payment }) => payment.orderId);
    expect(ids(await claim(all, 20))).toEqual([late]);
    expect(ids(await claim(all))).toEqual([old]);
  });

  test('a failure that is late does not end the claim of who has asked since', async () => {
    const id = uuidv7();
    await receive(authorize(id));
    const first = await claim();
    await endClaim(id);
    const second = await claim();
    expect(second).toMatchObject([{ calls: 2 }]);
    const claimed = await row(id);
    await repeat(first);
    expect(await row(id)).toEqual(claimed);
    await repeat(second);
    expect(await row(id)).toMatchObject({ callError: 'no answer' });
    expect((await row(id))?.callAt?.getTime()).toBeLessThan(Date.now() + 10_000);
  });

  test('a failure that is late does not put off what is called since', async () => {
    const id = uuidv7();
    await receive(authorize(id));
    const first = await claim();
    // Another replica has recorded the answer meanwhile, and its capture is under way.
    await database.query(
      (sql) => sql`
        update payments set state = 'authorized', approved = true, payment_token = null, call_at = null, call_since = null,
          calls = 0, inquire_at = now() where order_id = ${id}`,
    );
    await receive(message('order.confirmed', id));
    expect(await claim()).toMatchObject([{ operation: 'capture', calls: 1 }]);
    const claimed = await row(id);
    await repeat(first);
    expect(await row(id)).toEqual(claimed);
  });

  test('the oldest come first: a crowd of new payments does not keep a repeated one waiting', async () => {
    const old = uuidv7();
    await receive(authorize(old));
    await claim();
    await endClaim(old);
    const crowd = Array.from({ length: 10 }, () => uuidv7());
    await receive(...crowd.map((id) => authorize(id)));
    const claimed = await claim({ first: 4, repeated: 2 });
    expect(claimed).toHaveLength(4);
    expect(claimed.map(({ payment }) => payment.orderId)).toContain(old);
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
