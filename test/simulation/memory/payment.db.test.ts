/** What Payment's store promises, in PostgreSQL and in memory. */
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { type InquiryStore, inquiryStore } from '../../../src/modules/inquiries.ts';
import { createPayment } from '../../../src/modules/payment/index.ts';
import type { Operation, Payment } from '../../../src/modules/payment/payment.ts';
import {
  type ChangedPayment,
  type DueCall,
  type PaymentStore,
  paymentStore,
} from '../../../src/modules/payment/store.ts';
import type { Sql } from '../../../src/outbox/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { memorySide, postgresSide, type Side } from './contract.ts';
import { createInquiryMemory } from './inquiries.ts';
import { createMessageMemory } from './messages.ts';
import { createPaymentMemory, type PaymentMemory } from './payment.ts';

interface PaymentSide extends Side {
  readonly store: () => PaymentStore;
  readonly inquiries: () => InquiryStore;
}

const settings = { inquiryAfterSeconds: 60, gatewayConcurrency: 20, gatewayTimeoutSeconds: 2 };
const postgres = await openTestDatabase('payment', createPayment(settings).migrations);
let memory: PaymentMemory;
let memoryInquiries: InquiryStore;

const sides: readonly PaymentSide[] = [
  {
    ...postgresSide(postgres, ['payments'], ['payments.call_at', 'payments.inquire_at']),
    store: () => paymentStore,
    inquiries: () => inquiryStore,
  },
  {
    ...memorySide((empty) => {
      memory = createPaymentMemory(empty);
      memoryInquiries = createInquiryMemory(empty, createMessageMemory(empty), 'payments', memory.payments);
    }),
    store: () => memory.store,
    inquiries: () => memoryInquiries,
  },
];

const nothing = { amount: null, currency: null, paymentToken: null, approved: null, declineCode: null };
const charge = {
  amount: 1_250,
  currency: 'EUR',
  paymentToken: 'tok_visa',
  approved: null,
  declineCode: null,
};
const authorizing = (orderId: string): Payment => ({
  orderId,
  state: 'authorizing',
  ...charge,
  cause: { id: uuidv7(), attempt: 1 },
});
const authorized = (payment: Payment): Payment => ({
  ...payment,
  state: 'authorized',
  paymentToken: null,
  approved: true,
});

describe.each(sides)('$name', ({ database, store, inquiries, later, empty }) => {
  beforeEach(empty);

  const within = <T>(work: (sql: Sql) => Promise<T>) => database.transaction(work);
  const lock = (...ids: readonly string[]) => within((sql) => store().lockPayments(sql, ids));
  const waits = { inquiryAfterSeconds: 600, claimSeconds: 120 };
  const make = (...made: readonly ChangedPayment[]) =>
    database.write((sql) => store().insertPayments(sql, made, waits));
  const save = (payment: Payment, before: Operation | null = null, claimed = false) =>
    database.write((sql) => store().updatePayments(sql, [{ payment, before, claimed }], waits));
  const claim = (first = 10, repeated = 10) =>
    within((sql) => store().claimCalls(sql, { first, repeated }, waits.claimSeconds, null));
  const repeat = (due: DueCall, inSeconds: number) =>
    database.write((sql) => store().repeatCalls(sql, [{ due, inSeconds, error: 'no answer' }]));
  /** Which payments were claimed, and how often by now: the first ones first. */
  const countsOf = (dues: readonly DueCall[]) =>
    dues
      .map(({ payment: { orderId }, calls }) => [orderId, calls] as const)
      .sort(([a, first], [b, second]) => first - second || (a < b ? -1 : 1));

  /** A payment whose authorization is to be called. */
  async function begun(orderId = uuidv7()): Promise<Payment> {
    const payment = authorizing(orderId);
    await make({ payment, before: null });
    return payment;
  }

  describe('payments', () => {
    test('are found as they were made, in id order', async () => {
      const tombstone: Payment = { orderId: uuidv7(), state: 'voided', ...nothing, cause: null };
      const payment = authorizing(uuidv7());
      await make({ payment, before: null }, { payment: tombstone, before: null });
      const { orderId } = payment;
      expect([...(await lock(orderId, uuidv7(), tombstone.orderId, orderId))]).toEqual([
        [tombstone.orderId, tombstone],
        [orderId, payment],
      ]);
    });

    test('one that is there already is not made again, nor is anything that was to be made with it', async () => {
      const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()];
      const payment = await begun(second);
      await expect(
        make(...[first, second, third].map((id) => ({ payment: authorizing(id), before: null }))),
      ).rejects.toThrow();
      expect(await lock(first, second, third)).toEqual(new Map([[second, payment]]));
    });

    test('are found as they were saved; what was never made is not saved, and what is paid never changes', async () => {
      const payment = await begun();
      await save(authorizing(uuidv7()));
      expect([...(await lock(payment.orderId)).values()]).toEqual([payment]);
      const declined: Payment = {
        ...payment,
        state: 'declined',
        paymentToken: null,
        approved: false,
        declineCode: 'card_declined',
      };
      await save({ ...declined, amount: 1, currency: 'USD' }, 'authorize');
      expect((await lock(payment.orderId)).get(payment.orderId)).toEqual(declined);
    });

    test.each<[string, Partial<Payment>]>([
      ['a token after the answer', { ...charge, approved: true, state: 'authorized' }],
      ['money that was not approved', { state: 'authorized', paymentToken: null }],
    ])('never comes to %s', async (_, changes) => {
      const payment = await begun();
      await expect(save({ ...payment, ...changes }, 'authorize')).rejects.toThrow();
      expect((await lock(payment.orderId)).get(payment.orderId)).toEqual(payment);
    });

    test.each<[string, Partial<Payment>]>([
      ['an amount below nothing', { amount: -1 }],
      ['a currency that is none', { currency: 'eur' }],
    ])('is not made with %s', async (_, changes) => {
      const payment = { ...authorizing(uuidv7()), ...changes };
      await expect(make({ payment, before: null })).rejects.toThrow();
    });
  });

  describe('calls', () => {
    test('a new one is due at once; its claim ends after its seconds, and it is a repeated one then', async () => {
      const payment = await begun();
      const [due] = await claim();
      expect(due).toEqual({ payment, operation: 'authorize', calls: 1, since: expect.any(Date) });
      expect(await claim()).toEqual([]);
      await later(110);
      expect(await claim()).toEqual([]);
      await later(20);
      expect(await claim()).toEqual([{ ...due, calls: 2 }]);
    });

    test('one that is born claimed is left alone until its claim ends, and is a repeated one then', async () => {
      const [first, second] = [authorizing(uuidv7()), authorizing(uuidv7())];
      await make({ payment: first, before: null, claimed: true }, { payment: second, before: null });
      expect(countsOf(await claim())).toEqual([[second.orderId, 1]]);
      const approved: Payment = { ...second, state: 'voiding', paymentToken: null, approved: true };
      await save(approved, 'authorize', true);
      await later(110);
      expect(await claim()).toEqual([]);
      await later(20);
      expect(new Map(countsOf(await claim()))).toEqual(
        new Map([
          [first.orderId, 2],
          [second.orderId, 2],
        ]),
      );
    });

    test('another operation is a new call, the same one goes on, no operation is none', async () => {
      const payment = await begun();
      await claim();
      await save({ ...payment, cause: { id: uuidv7() } }, 'authorize');
      expect(await claim()).toEqual([]);
      await save({ ...payment, state: 'voiding' }, 'authorize');
      expect(await claim()).toEqual([]);
      const approved: Payment = { ...payment, state: 'voiding', paymentToken: null, approved: true };
      await save(approved, 'authorize');
      expect(await claim()).toMatchObject([{ payment: approved, operation: 'void', calls: 1 }]);
      await save({ ...approved, state: 'voided' }, 'void');
      await later(1_000);
      expect(await claim()).toEqual([]);
    });

    test('the longest due come first, whether they are repeated or not; of repeated ones no more than their limit', async () => {
      const repeated = [await begun(), await begun()].map(({ orderId }) => orderId);
      await claim();
      await later(130);
      const fresh: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        fresh.push((await begun()).orderId);
        await later(1);
      }
      const one = await claim(3, 1);
      expect(countsOf(one)).toEqual([...fresh.slice(0, 2).map((id) => [id, 1]), [expect.any(String), 2]]);
      const other = await claim(3, 1);
      expect(countsOf(other)).toEqual([
        [fresh[2], 1],
        [expect.any(String), 2],
      ]);
      const again = [...one, ...other].filter(({ calls }) => calls === 2);
      expect(again.map(({ payment }) => payment.orderId).sort()).toEqual(repeated);
      expect(await claim(3, 1)).toEqual([]);
    });

    test('one limit holds for all of them', async () => {
      const first = await begun();
      await claim();
      await later(130);
      const second = await begun();
      expect(countsOf(await claim(1, 1))).toEqual([[first.orderId, 2]]);
      expect(countsOf(await claim(1, 1))).toEqual([[second.orderId, 1]]);
      await later(130);
      expect(await claim(1, 0)).toEqual([]);
    });

    test('an unknown outcome is asked again after its wait', async () => {
      const payment = await begun();
      const [due] = await claim();
      if (due) await repeat(due, 30);
      await later(20);
      expect(await claim()).toEqual([]);
      await later(20);
      expect(countsOf(await claim())).toEqual([[payment.orderId, 2]]);
    });

    test('but not when nothing is to be called any more, or another call has begun since', async () => {
      const [ended, voiding] = [await begun(), await begun()];
      const dues = await claim();
      await save({ ...ended, state: 'voided' }, 'authorize');
      await save({ ...voiding, state: 'voiding', paymentToken: null, approved: true }, 'authorize');
      expect(countsOf(await claim())).toEqual([[voiding.orderId, 1]]);
      for (const due of dues) await repeat(due, 30);
      await later(40);
      expect(await claim()).toEqual([]);
      await later(90);
      const [again] = await claim();
      expect(again).toMatchObject({ operation: 'void', calls: 2 });
      if (again) await repeat({ ...again, calls: 1 }, 30);
      await later(40);
      expect(await claim()).toEqual([]);
    });
  });

  describe('inquiries', () => {
    const due = async () =>
      (await within((sql) => inquiries().lockDue(sql, 'payments', 10, null))).map(({ orderId }) => orderId);

    test('what is authorized is asked after, from when it was authorized on', async () => {
      const payment = await begun();
      await save(authorized(payment), 'authorize');
      await later(590);
      expect(await due()).toEqual([]);
      await save({ ...authorized(payment), cause: { id: uuidv7() } });
      await later(20);
      expect(await due()).toEqual([payment.orderId]);
      await save({ ...authorized(payment), state: 'capturing' });
      expect(await due()).toEqual([]);
    });
  });
});
