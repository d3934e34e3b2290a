/** Takes deliveries to their targets: claimed with a lease, sent outside every transaction, at least once. */
import { type Database, gather, type Worker } from '../../../outbox/index.ts';
import { disableEndpoints } from './endpoints.ts';
import { type Channel, courseOf, type Outcome, type Send } from './outcome.ts';
import { type Attempted, claimDeliveries, type DueDelivery, recordAttempts } from './store.ts';

/**
 * Of one target at once, and of this process: at a tenth of a second an answer it takes 80 a second. With a hundred endpoints at most
 * 800 are in hand, however slow each is, and none waits for another.
 */
const defaultPerTarget = 8;
/** An endpoint that works answers in less; the standard advises 15 to 30. In seconds. */
const defaultTimeoutSeconds = 15;
/** A lease outlives its attempt by this: what came of it is written down before anybody else begins the next. */
const leaseMarginSeconds = 15;
/** At a stop, in milliseconds: what usually takes a tenth of a second ends by itself; the rest is left to its lease. */
const defaultGraceMs = 2_000;

export interface Deliveries extends Worker {
  /** Lets what is in hand end for a short while, then hangs up: it will be sent again when its lease ends. */
  close(): Promise<void>;
}

export interface DeliveriesOptions {
  readonly database: Database;
  readonly webhook: Send<DueDelivery>;
  /** Undefined: there is nobody who delivers mail. */
  readonly email?: Send<DueDelivery> | undefined;
  /** Called when a run could do more. */
  readonly wake: () => void;
  /** Told of every attempt; `outcome`: delivered, retried, failed, gone. */
  readonly onAttempt?: (attempt: { readonly channel: Channel; readonly outcome: string }) => void;
  /** Told of what a person may want to know. */
  readonly onEvent?: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly perTarget?: number;
  readonly timeoutSeconds?: number;
  readonly graceMs?: number;
}

interface Ended extends Attempted {
  readonly target: string;
  readonly gone: boolean;
}

/** A run starts what is due and does not wait for it. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { database, webhook, email, wake, onAttempt = () => {}, onEvent = () => {} } = options;
  const { perTarget = defaultPerTarget, timeoutSeconds = defaultTimeoutSeconds } = options;
  const inHand = new Map<Promise<void>, { readonly target: string; readonly abort: () => void }>();
  let stopping = false;

  const record = gather(async (ended: readonly Ended[]) => {
    const disabled = await database.transaction(async (sql) => {
      await recordAttempts(sql, ended);
      const gone = ended.filter((one) => one.gone).map(({ target }) => target);
      return disableEndpoints(sql, gone, 'it answered 410 Gone');
    });
    for (const endpoint of disabled)
      onEvent('webhook disabled', { endpoint, reason: 'it answered 410 Gone' });
  });

  function busy(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { target } of inHand.values()) counts.set(target, (counts.get(target) ?? 0) + 1);
    return counts;
  }

  function begin(due: DueDelivery): void {
    const controller = new AbortController();
    const running = deliver(due, controller).finally(() => {
      const full = busy().get(due.target) === perTarget;
      inHand.delete(running);
      // More of this target may wait for the place.
      if (full && !stopping) wake();
    });
    inHand.set(running, { target: due.target, abort: () => controller.abort(new Error('stopped')) });
  }

  async function deliver(due: DueDelivery, controller: AbortController): Promise<void> {
    const { id, target, attempts: number } = due;
    const channel: Channel = due.url === null ? 'email' : 'webhook';
    const startMs = performance.now();
    const send = channel === 'email' && email ? email : webhook;
    const outcome = await within(timeoutSeconds, controller, (signal) => send(due, signal));
    // Hung up by us: nobody knows what came of it, and the lease ends by itself.
    if (outcome === 'stopped') return;
    const course = courseOf(outcome, number - due.spent, Math.random());
    const gone = !outcome.delivered && outcome.final === 'gone';
    const error = outcome.delivered ? null : outcome.error;
    const seconds = (performance.now() - startMs) / 1_000;
    onAttempt({ channel, outcome: gone ? 'gone' : course.state === 'pending' ? 'retried' : course.state });
    if (course.state === 'failed')
      onEvent('delivery failed', { delivery: id, channel, orderId: due.orderId, error, attempts: number });
    // If that fails, the lease ends by itself and the same is sent again.
    await record({ id, target, number, course, error, seconds, gone }).catch(() => {});
  }

  return {
    name: 'deliveries',
    everyMs: 1_000,
    async runOnce() {
      const due = await database.transaction((sql) =>
        claimDeliveries(sql, {
          perTarget,
          busy: busy(),
          mails: email !== undefined,
          leaseSeconds: timeoutSeconds + leaseMarginSeconds,
        }),
      );
      for (const one of due) begin(one);
      return { more: false };
    },
    async close() {
      stopping = true;
      const all = Promise.allSettled(inHand.keys());
      const hangUp = setTimeout(() => {
        for (const { abort } of inHand.values()) abort();
      }, options.graceMs ?? defaultGraceMs);
      await all;
      clearTimeout(hangUp);
    },
  };
}

/** Also a sender that does not heed its signal gives its place back in time. */
async function within(
  seconds: number,
  controller: AbortController,
  send: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome | 'stopped'> {
  const { signal } = controller;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort(new Error('late'));
  }, seconds * 1_000);
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  try {
    return await Promise.race([send(signal), aborted]);
  } catch (error) {
    if (late) return { delivered: false, error: `no answer in ${seconds} s` };
    if (signal.aborted) return 'stopped';
    // A fault of ours, or of what was to be said: it is tried again like any other.
    return { delivered: false, error: error instanceof Error ? error.name : 'failed' };
  } finally {
    clearTimeout(timer);
  }
}
