/** What time starts: calls to the card processor, made outside every transaction, recorded with their replies. */
import {
  type Database,
  describe,
  gather,
  nextRetry,
  type Observer,
  type UnitOfWork,
  type Worker,
} from '../../outbox/index.ts';
import type { Gateway } from './gateway/gateway.ts';
import { type Answer, type Operation, operationOf, type Payment, record } from './payment.ts';
import {
  type ChangedPayment,
  type DueCall,
  type PaymentStore,
  paymentStore,
  type Repetition,
} from './store.ts';

/** A claim outlives its call by this: the answer is recorded before anybody else asks. */
const claimMarginSeconds = 10;
/** An unknown outcome is asked again for ever: money is at stake. */
const repetition = { firstSeconds: 0.5, maxSeconds: 60, maxAttempts: Number.POSITIVE_INFINITY };

export interface Calls extends Worker {
  /** Waits for the calls in hand: as long as one may take. */
  close(): Promise<void>;
}

interface Outcome {
  readonly orderId: string;
  readonly operation: Operation;
  readonly answer: Answer;
}

/**
 * Calls the card processor for payments that are due, at most `concurrency` at once and at most half of them repeated. A run starts
 * calls and does not wait for them: a slow one keeps nobody else. `wake` is called when a run could do more.
 */
export function createCalls(options: {
  readonly database: Database;
  readonly unit: UnitOfWork;
  readonly gateway: Gateway;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly inquiryAfterSeconds: number;
  readonly observer: Observer;
  readonly wake: () => void;
  readonly store?: PaymentStore;
}): Calls {
  const { database, unit, gateway, concurrency, timeoutSeconds, inquiryAfterSeconds, observer, wake } =
    options;
  const { store = paymentStore } = options;
  const maxRepeated = Math.max(1, Math.floor(concurrency / 2));
  const recordGathered = gather((outcomes: readonly Outcome[]) => recordAll(outcomes));
  const repeatGathered = gather((repetitions: readonly Repetition[]) =>
    database.query((sql) => store.repeatCalls(sql, repetitions)),
  );
  const inHand = new Set<Promise<void>>();
  let repeatedInHand = 0;
  let moreWaits = false;

  function begin(due: DueCall): void {
    const repeated = due.calls > 1 ? 1 : 0;
    repeatedInHand += repeated;
    const running = call(due).finally(() => {
      inHand.delete(running);
      repeatedInHand -= repeated;
      if (moreWaits) wake();
    });
    inHand.add(running);
  }

  async function call(due: DueCall): Promise<void> {
    const { payment, operation, calls, since } = due;
    const { orderId } = payment;
    try {
      const answer = await within(timeoutSeconds, (signal) => ask(gateway, payment, operation, signal));
      await recordGathered({ orderId, operation, answer });
    } catch (error) {
      const retry = nextRetry(repetition, calls, Math.random());
      const inSeconds = retry === 'dead' ? repetition.maxSeconds : retry.inSeconds;
      const about = { subject: orderId, attempts: calls, since };
      observer.failed?.({ what: `gateway ${operation}`, ...about, error, retryInMs: inSeconds * 1_000 });
      // If that fails too, the claim ends by itself and the same is asked again.
      await repeatGathered({ due, inSeconds, error: describe(error) }).catch(() => {});
    }
  }

  /** Many results, one transaction: on locked rows, whatever their state is by now, with the replies. */
  async function recordAll(outcomes: readonly Outcome[]): Promise<void> {
    await unit.run(async ({ sql, send, onCommit }) => {
      const payments = await store.lockPayments(
        sql,
        outcomes.map(({ orderId }) => orderId),
      );
      const changed: ChangedPayment[] = [];
      for (const { orderId, operation, answer } of outcomes) {
        const known = payments.get(orderId);
        const decision = known ? record(known, operation, answer) : 'stale';
        if (decision === 'stale') continue;
        const { payment, reply } = decision;
        payments.set(orderId, payment);
        changed.push({ payment, before: operation });
        if (reply) send({ ...reply, subject: orderId, causedBy: payment.cause ?? undefined, reply: true });
        if (operationOf(payment)) onCommit(wake);
      }
      await store.savePayments(sql, changed, inquiryAfterSeconds);
    });
  }

  return {
    name: 'gateway calls',
    everyMs: 1_000,
    async runOnce() {
      const free = concurrency - inHand.size;
      const limits = { first: free, repeated: Math.min(free, maxRepeated - repeatedInHand) };
      moreWaits = true;
      if (free === 0) return { more: false };
      const claimSeconds = timeoutSeconds + claimMarginSeconds;
      const due = await database.transaction((sql) => store.claimCalls(sql, limits, claimSeconds));
      moreWaits = due.length >= Math.min(limits.first, limits.repeated);
      for (const one of due) begin(one);
      return { more: false };
    },
    async close() {
      await Promise.allSettled(inHand);
    },
  };
}

/** Also a gateway that does not heed its signal gives its place back in time. */
function within<T>(seconds: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort();
      reject(new Error('the card processor did not answer in time'));
    }, seconds * 1_000);
    call(controller.signal)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Asks with a key that is the same for the same wish, also from a database that was restored. */
async function ask(
  gateway: Gateway,
  payment: Payment,
  operation: Operation,
  signal: AbortSignal,
): Promise<Answer> {
  const { orderId, amount, currency, paymentToken } = payment;
  const call = { key: `${operation}:${orderId}`, orderId, amount: amount ?? 0, currency: currency ?? '' };
  if (operation === 'authorize')
    return gateway.authorize({ ...call, paymentToken: paymentToken ?? '' }, signal);
  await gateway[operation](call, signal);
  return 'done';
}
