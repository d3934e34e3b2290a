/** What time starts: calls to the card processor, made outside every transaction, recorded with their replies. */
import {
  createSweeps,
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
  type Waits,
} from './store.ts';

/** A claim outlives its call by this: the answer is recorded before anybody else asks. */
const claimMarginSeconds = 10;
/** How much of that a claimed call may wait for its place; the rest is for recording its answer. */
const maxWaitSeconds = claimMarginSeconds / 2;
/** An unknown outcome is asked again for ever: money is at stake. */
const repetition = { firstSeconds: 0.5, maxSeconds: 60, maxAttempts: Number.POSITIVE_INFINITY };

/** Where those who decide that the card processor is to be called hand the calls in. */
export interface Claims {
  /**
   * Claims the new calls of these payments, as many as there is room for. `all`: the payments, for the store. `make`, after the
   * commit, makes the calls, and looks for those that were not claimed.
   */
  claim(changed: readonly ChangedPayment[]): {
    readonly all: readonly ChangedPayment[];
    readonly make: () => void;
  };
}

export interface Calls extends Worker, Claims {
  readonly waits: Waits;
  /** Waits for the calls in hand: as long as one may take. */
  close(): Promise<void>;
}

/** A call in the hands of this process. */
interface Claimed {
  readonly due: DueCall;
  /** It must have begun by then. */
  readonly latestMs: number;
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
    database.write((sql) => store.repeatCalls(sql, repetitions)),
  );
  const beginSweep = createSweeps();
  /** Until their outcomes are recorded. */
  const inHand = new Set<Promise<void>>();
  /** Claimed, and without a place yet: as many as there are places, so that each waits for one call at most. */
  const waiting: Claimed[] = [];
  const waits = { inquiryAfterSeconds, claimSeconds: timeoutSeconds + claimMarginSeconds };
  /** Places that are taken: until the card processor has answered. */
  let calling = 0;
  /** Repeated calls, those that wait included. */
  let repeated = 0;
  let moreWaits = false;
  /** Some are due that nobody has claimed: they come first. */
  let behind = false;

  function queue(due: DueCall, latestMs: number): void {
    waiting.push({ due, latestMs });
    if (due.calls > 1) repeated += 1;
  }

  function beginWaiting(): void {
    while (calling < concurrency) {
      const next = waiting.shift();
      if (!next) return;
      // Too late, its claim could end while it is called: whoever comes then has it.
      if (performance.now() < next.latestMs) begin(next.due);
      else forget(next.due);
    }
  }

  function forget({ calls }: DueCall): void {
    if (calls > 1) repeated -= 1;
  }

  function begin(due: DueCall): void {
    calling += 1;
    const running = call(due).finally(() => inHand.delete(running));
    inHand.add(running);
  }

  function freePlace(due: DueCall): void {
    calling -= 1;
    forget(due);
    beginWaiting();
    if (moreWaits) wake();
  }

  const room = () => (behind ? 0 : Math.max(0, 2 * concurrency - calling - waiting.length));

  const claim: Claims['claim'] = (changed) => {
    const latestMs = latestFromNow();
    const fresh = changed.filter(({ payment, before }) => ![null, before].includes(operationOf(payment)));
    const claimed = new Set(fresh.slice(0, room()));
    return {
      all: changed.map((one) => (claimed.has(one) ? { ...one, claimed: true } : one)),
      make() {
        for (const { payment } of claimed) {
          const operation = operationOf(payment);
          const due = operation && { payment, operation, calls: 1, since: new Date() };
          if (due) queue(due, latestMs);
        }
        beginWaiting();
        if (claimed.size === fresh.length) return;
        behind = true;
        wake();
      },
    };
  };

  async function call(due: DueCall): Promise<void> {
    const { payment, operation, calls, since } = due;
    const { orderId } = payment;
    let isPlaced = true;
    function leave(): void {
      if (isPlaced) freePlace(due);
      isPlaced = false;
    }
    try {
      const answer = await within(timeoutSeconds, (signal) => ask(gateway, payment, operation, signal));
      leave();
      await recordGathered({ orderId, operation, answer });
    } catch (error) {
      const retry = nextRetry(repetition, calls, Math.random());
      const inSeconds = retry === 'dead' ? repetition.maxSeconds : retry.inSeconds;
      const about = { subject: orderId, attempts: calls, since };
      observer.failed?.({ what: `gateway ${operation}`, ...about, error, retryInMs: inSeconds * 1_000 });
      // If that fails too, the claim ends by itself and the same is asked again.
      await repeatGathered({ due, inSeconds, error: describe(error) }).catch(() => {});
    }
    leave();
  }

  /** Many results, one transaction: on locked rows, whatever their state is by now, with the replies. */
  async function recordAll(outcomes: readonly Outcome[]): Promise<void> {
    await unit.run(async ({ sql, send, write, onCommit }) => {
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
      }
      const { all, make } = claim(changed);
      write(...store.updatePayments(sql, all, waits));
      onCommit(make);
    });
  }

  return {
    waits,
    claim,
    name: 'gateway calls',
    everyMs: 1_000,
    async runOnce() {
      const free = Math.max(0, concurrency - calling - waiting.length);
      const limits = { first: free, repeated: Math.min(free, maxRepeated - repeated) };
      moreWaits = true;
      if (free === 0) return { more: false };
      const latestMs = latestFromNow();
      const sweep = beginSweep();
      const due = await database.transaction((sql) =>
        store.claimCalls(sql, limits, waits.claimSeconds, sweep.lastSeconds),
      );
      moreWaits = due.length >= Math.min(limits.first, limits.repeated);
      if (!moreWaits) sweep.done();
      behind = moreWaits;
      for (const one of due) queue(one, latestMs);
      beginWaiting();
      return { more: false };
    },
    async close() {
      await Promise.allSettled(inHand);
    },
  };
}

/** When a call that is claimed now must have begun. */
const latestFromNow = () => performance.now() + maxWaitSeconds * 1_000;

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
