/** Payment's table in memory. */
import { operationOf, type Payment } from '../../../src/modules/payment/payment.ts';
import type { ChangedPayment, PaymentStore, Waits } from '../../../src/modules/payment/store.ts';
import { inSeconds, type Memory, moment, overdue, type Table } from './database.ts';
import type { Inquired } from './inquiries.ts';

export interface PaymentRow extends Payment, Inquired {
  /** When the card processor is to be called (again); null: nothing is to be called. */
  readonly callAt: number | null;
  readonly calls: number;
  /** Since when the operation that is under way is to be called. */
  readonly callSince: number | null;
  readonly callError: string | null;
}

export interface PaymentMemory {
  readonly payments: Table<PaymentRow>;
  readonly store: PaymentStore;
}

const calling = ['authorizing', 'capturing', 'voiding'];
const approving = ['authorized', 'capturing', 'captured'];

export function createPaymentMemory(memory: Memory): PaymentMemory {
  const payments = memory.table<PaymentRow>('payments', {
    'amount >= 0': ({ amount }) => amount === null || amount >= 0,
    'currency is a code': ({ currency }) => currency === null || /^[A-Z]{3}$/.test(currency),
    'a call where one is under way': ({ state, callAt }) => calling.includes(state) === (callAt !== null),
    'called since some time': ({ callAt, callSince }) => (callAt === null) === (callSince === null),
    'a short error': ({ callError }) => callError === null || callError.length <= 1_000,
    'authorized until it is asked after': ({ state, inquireAt }) =>
      (state === 'authorized') === (inquireAt !== null),
    'no token once the answer is known': ({ paymentToken, approved }) =>
      paymentToken === null || approved === null,
    'money only where it was approved': ({ state, approved }) =>
      !approving.includes(state) || approved === true,
  });
  const notCalled = { callAt: null, calls: 0, callSince: null, callError: null };
  const notAsked = { inquireAt: null, inquiries: 0, inquiryId: null };

  function lockAll(orderIds: readonly string[]): Map<string, Payment> {
    const known = new Map<string, Payment>();
    for (const orderId of [...new Set(orderIds)].sort()) {
      const row = payments.get(orderId);
      if (row) known.set(orderId, paymentOf(row));
    }
    return known;
  }

  function callOf({ payment, before, claimed }: ChangedPayment, { claimSeconds }: Waits) {
    const operation = operationOf(payment);
    if (operation === null) return notCalled;
    if (operation === before) return {};
    const callAt = claimed ? inSeconds(claimSeconds) : moment();
    return { callAt, calls: claimed ? 1 : 0, callSince: moment(), callError: null };
  }

  const store: PaymentStore = {
    lockPayments: (sql, orderIds) => memory.run(sql, () => lockAll(orderIds)),

    insertPayments: (sql, made, waits) => [
      memory.prepare(sql, () => {
        for (const one of made) {
          const row = { ...paymentOf(one.payment), ...notCalled, ...notAsked };
          payments.insert(row.orderId, { ...row, ...callOf(one, waits) });
        }
      }),
    ],

    updatePayments: (sql, changed, waits) => [
      memory.prepare(sql, () => {
        for (const one of changed) {
          const row = payments.get(one.payment.orderId);
          if (!row) continue;
          const { state, paymentToken, approved, declineCode, cause } = one.payment;
          const inquireAt =
            state === 'authorized' ? (row.inquireAt ?? inSeconds(waits.inquiryAfterSeconds)) : null;
          const after = { ...row, state, paymentToken, approved, declineCode, cause, inquireAt };
          payments.update(row.orderId, { ...after, ...callOf(one, waits) });
        }
      }),
    ],

    claimCalls: (sql, limits, claimSeconds) =>
      memory.run(sql, () => {
        const due = (again: boolean, limit: number) =>
          overdue(
            payments.values(),
            ({ callAt, calls }) => (calls > 0 === again ? callAt : null),
            Math.max(limit, 0),
          );
        const rows = overdue(
          [...due(false, limits.first), ...due(true, limits.repeated)],
          ({ callAt }) => callAt,
          limits.first,
        );
        return rows.flatMap((row) => {
          const claimed = { ...row, callAt: inSeconds(claimSeconds), calls: row.calls + 1 };
          payments.update(row.orderId, claimed);
          const operation = operationOf(row);
          const since = new Date(row.callSince ?? 0);
          return operation ? [{ payment: paymentOf(row), operation, calls: claimed.calls, since }] : [];
        });
      }),

    repeatCalls: (sql, repetitions) => [
      memory.prepare(sql, () => {
        for (const { due, inSeconds: wait, error } of repetitions) {
          const row = payments.get(due.payment.orderId);
          const goesOn = row && row.calls === due.calls && row.approved === due.payment.approved;
          if (goesOn && row.callAt !== null)
            payments.update(row.orderId, { ...row, callAt: inSeconds(wait), callError: error });
        }
      }),
    ],
  };

  return { payments, store };
}

const paymentOf = (payment: Payment): Payment => ({
  orderId: payment.orderId,
  state: payment.state,
  amount: payment.amount,
  currency: payment.currency,
  paymentToken: payment.paymentToken,
  approved: payment.approved,
  declineCode: payment.declineCode,
  cause: payment.cause,
});
