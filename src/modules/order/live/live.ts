/**
 * Tells listeners what happens to orders, whichever replica has done it: one query for all that listen here, as long as anybody does.
 *
 * Nothing is skipped because it was committed late. Steps have a sequence per order, taken on the order's locked row: an order that is
 * known is asked for what is beyond the last step that was told, until its last one. A customer's new orders are those whose ids were
 * made since the last reading, less an overlap that is far longer than a placing may take: past its deadline nothing is committed.
 */
import type { Database, Observer } from '../../../outbox/index.ts';
import { firstIdOf, type OrderView } from '../store.ts';
import { type Known, type News, type Reading, readNews } from './store.ts';

/** Placing is over after two seconds; the rest is for replicas whose clocks differ. */
export const overlapSeconds = 60;
/** After something has happened, the next thing is not far; while nothing happens, half a second is soon enough. */
const minRestMs = 100;
const maxRestMs = 500;
/** Between two readings, also when something happens in this process all the time; and at most a fifth of the time is spent on them. */
const minGapMs = 50;
const gapPerReading = 4;
/** A database that is away is asked this often: the streams wait. */
const failureRestMs = 2_000;
/** Told at once; whatever is beyond waits for the next reading, which follows without rest. */
const maxOrders = 1_000;
/** So many orders of one customer are followed; with more its stream ends, and begins anew with the newest. */
const defaultMaxFollowed = 500;

/** What is told: an order as it was after a step. */
export interface Told {
  readonly seq: number;
  readonly order: OrderView;
}

/** Who listens: to one order, or to all of a customer's. */
export interface Listener {
  readonly customerId: string;
  /** False: only to the orders that are known at first. */
  readonly all: boolean;
  /** What has been told of each order. */
  readonly known: Map<string, Known>;
  /** New orders have been read up to here. */
  since: Date;
  tell(told: readonly Told[], readAt: Date): void;
  /** More cannot be followed. */
  overflow(): void;
}

export interface Live {
  /** Tells a listener everything from now on; returns what ends that. */
  follow(listener: Listener): () => void;
  /** Something has happened in this process: it is read at once. */
  wake(): void;
  close(): Promise<void>;
}

export function createLive(
  database: Pick<Database, 'query'>,
  observer: Observer = {},
  { maxFollowed = defaultMaxFollowed }: { readonly maxFollowed?: number } = {},
): Live {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  let earliestMs = 0;
  let restMs = minRestMs;
  let reading: Promise<void> | undefined;
  let woken = false;
  let closed = false;

  function plan(atMs: number): void {
    if (closed || listeners.size === 0 || reading || atMs >= dueMs) return;
    clearTimeout(timer);
    dueMs = atMs;
    timer = setTimeout(
      () => {
        dueMs = Number.POSITIVE_INFINITY;
        reading = readOnce();
      },
      Math.max(0, atMs - performance.now()),
    );
  }

  async function readOnce(): Promise<void> {
    woken = false;
    const startMs = performance.now();
    let nextInMs = failureRestMs;
    try {
      nextInMs = await tellAll();
    } catch (error) {
      observer.failed?.({ what: 'live orders', error, retryInMs: failureRestMs });
    }
    const endMs = performance.now();
    earliestMs = endMs + Math.max(minGapMs, gapPerReading * (endMs - startMs));
    reading = undefined;
    plan(woken ? earliestMs : Math.max(earliestMs, endMs + nextInMs));
  }

  /** Reads once and tells everybody; returns how long to rest. */
  async function tellAll(): Promise<number> {
    const present = [...listeners];
    if (present.length === 0) return 0;
    const { news, readAt } = await database.query((sql) => readNews(sql, questionOf(present)));
    const more = news.length === maxOrders;
    tellNews(present, { news, readAt }, maxFollowed);
    if (more) return 0;
    for (const listener of present) moveOn(listener, readAt);
    restMs = news.length > 0 ? minRestMs : Math.min(restMs * 2, maxRestMs);
    return restMs;
  }

  return {
    follow(listener) {
      listeners.add(listener);
      // What happened since its first state was read is told at once.
      plan(Math.max(earliestMs, performance.now()));
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(timer);
        dueMs = Number.POSITIVE_INFINITY;
      };
    },
    wake() {
      woken = true;
      plan(earliestMs);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await reading;
    },
  };
}

/** One question for all: of each order the steps beyond the least that anybody knows. */
function questionOf(listeners: readonly Listener[]) {
  const orders = new Map<string, Known>();
  const customers = new Map<string, Listener[]>();
  let sinceMs = Date.now();
  for (const listener of listeners) {
    for (const [id, { seq, ended }] of listener.known) {
      const known = orders.get(id);
      orders.set(id, { seq: Math.min(seq, known?.seq ?? seq), ended: ended && (known?.ended ?? true) });
    }
    if (!listener.all) continue;
    sinceMs = Math.min(sinceMs, listener.since.getTime());
    add(customers, listener.customerId, listener);
  }
  // An order that one of its customer's listeners does not know yet is told from its beginning: others do not hear it twice.
  for (const listener of listeners)
    for (const id of listener.known.keys())
      if (customers.get(listener.customerId)?.some((other) => !other.known.has(id) && isNew(id, other)))
        orders.set(id, { seq: 0, ended: false });
  const idsMadeSince = new Date(sinceMs - overlapSeconds * 1_000);
  return { orders, customerIds: [...customers.keys()], idsMadeSince, limit: maxOrders };
}

function add(index: Map<string, Listener[]>, key: string, listener: Listener): void {
  const some = index.get(key);
  if (some) some.push(listener);
  else index.set(key, [listener]);
}

const floorOf = ({ since }: Listener) => firstIdOf(new Date(since.getTime() - overlapSeconds * 1_000));
const isNew = (id: string, listener: Listener) => id >= floorOf(listener);

function tellNews(listeners: readonly Listener[], { news, readAt }: Reading, maxFollowed: number): void {
  const byOrder = new Map<string, Listener[]>();
  const byCustomer = new Map<string, Listener[]>();
  for (const listener of listeners) {
    if (listener.all) add(byCustomer, listener.customerId, listener);
    else for (const id of listener.known.keys()) add(byOrder, id, listener);
  }
  const told = new Map<Listener, Told[]>();
  for (const one of news) {
    const { id, customerId } = one.order;
    for (const listener of [...(byOrder.get(id) ?? []), ...(byCustomer.get(customerId) ?? [])]) {
      if (!listener.known.has(id) && !isNew(id, listener)) continue;
      told.set(listener, [...(told.get(listener) ?? []), ...learn(listener, one)]);
    }
  }
  for (const [listener, some] of told) {
    if (some.length > 0) listener.tell(some, readAt);
    if (listener.known.size > maxFollowed) listener.overflow();
  }
}

/** What is new to a listener, who knows it from then on. */
export function learn(listener: Pick<Listener, 'known'>, news: News): readonly Told[] {
  const { order, lastSeq, steps } = news;
  const before = listener.known.get(order.id) ?? { seq: 0, ended: false };
  const told: Told[] = steps
    .filter(({ seq }) => seq > before.seq)
    .map((taken) => ({ seq: taken.seq, order: viewAt(order, taken) }));
  let seq = Math.max(before.seq, lastSeq ?? 0);
  // A history holds 200 entries: an order that has taken longer to its end is told from its own row.
  const isToldEnded = before.ended || told.at(-1)?.order.step === 'done';
  if (order.step === 'done' && !isToldEnded) {
    seq += 1;
    told.push({ seq, order });
  }
  listener.known.set(order.id, { seq, ended: order.step === 'done' });
  return told;
}

/** The order as it was after a step: everything else about it never changes. */
function viewAt(order: OrderView, { seq, step, status, at }: News['steps'][number]): OrderView {
  const isUndone = status === 'rejected' || status === 'cancelled';
  const updatedAt = seq === 1 ? order.createdAt : new Date(at);
  return { ...order, step, status, reason: isUndone ? order.reason : null, updatedAt };
}

/** Orders that have ended and are too old to be found again are forgotten. */
function moveOn(listener: Listener, readAt: Date): void {
  if (!listener.all) return;
  listener.since = readAt;
  const floor = floorOf(listener);
  for (const [id, { ended }] of listener.known) if (ended && id < floor) listener.known.delete(id);
}
