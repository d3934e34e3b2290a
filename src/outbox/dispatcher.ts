/** Sends rows of the outbox right after the commit that wrote them: packed by type, confirmed, then deleted. */
import { type Broker, PublishRefused, publishTimeoutMs } from './broker.ts';
import { describe } from './faults.ts';
import { gather } from './gather.ts';
import { encode, stamp } from './message.ts';
import type { Observer } from './observe.ts';
import type { OutboxRow } from './outbox.ts';
import { nextRetry } from './retry.ts';
import { leaseSeconds, type MessageStore, maxClaimed, messageStore } from './store.ts';
import type { Database } from './transaction.ts';

/** Rows in the hands of one process: what it can send in the seconds of a lease; about 5 MB. The rest is the relay's. */
const maxHeld = 5_000;
/** Packets that wait for their confirm: enough to keep a broker busy that writes each to three disks. */
const maxPacketsInFlight = 50;
/** Of one type: the next ones gather meanwhile and travel together, which is cheaper for everyone. */
const maxPacketsInFlightOfOneType = 4;
export const maxMessagesPerPacket = 100;
/** RabbitMQ takes far more, but keeps every message of a quorum queue in its log: small ones are written quickly. */
const maxPacketBytes = 256 * 1_024;
/**
 * Sent rows are deleted this often, together: a transaction costs far more than a row in it. What a crash brings back of them is sent
 * again, and the inbox knows it. 50 ms of 10,000 messages a second are a tenth of what may be held.
 */
const defaultDeleteEveryMs = 50;
/** Not later than that: the relay claims so many at once, and claims no more before they are gone. */
const enoughToDelete = maxClaimed;
/** A refusal is an operator's slip (a missing binding, a full queue): look again soon, for ever. */
const refusalRetry = { firstSeconds: 1, maxSeconds: 30, maxAttempts: Number.POSITIVE_INFINITY };

export interface Dispatcher {
  /**
   * Sends rows and resolves when this process has done with them: sent and deleted, refused, or left to the relay.
   * It never throws: a row that could not be sent is still in the table. What does not fit is left at once.
   */
  dispatch(rows: readonly OutboxRow[]): Promise<void>;
  /** How many more rows it would take now; 0 while the broker is away. */
  room(): number;
  /** Takes nothing more and resolves when nothing is in hand. */
  stop(): Promise<void>;
}

/** A row on its way, and whom to tell when this process has done with it. */
interface Held {
  readonly row: OutboxRow;
  readonly done: () => void;
}

export function createDispatcher(options: {
  readonly database: Database;
  readonly broker: Broker;
  /** Types that nobody need listen to; of all others the broker must put every message into a queue. */
  readonly news: readonly string[];
  readonly observer?: Observer;
  readonly store?: MessageStore;
  readonly deleteEveryMs?: number;
}): Dispatcher {
  const { database, broker, observer = {}, store = messageStore } = options;
  const { deleteEveryMs = defaultDeleteEveryMs } = options;
  const news = new Set(options.news);
  const waiting = new Map<string, Held[]>();
  const inFlightOfType = new Map<string, number>();
  const forget = gather(
    (packets: readonly (readonly string[])[]) =>
      database.write((sql) => store.deleteMessages(sql, packets.flat()), { durable: false }),
    { restMs: deleteEveryMs, isEnough: (packets) => packets.flat().length >= enoughToDelete },
  );
  let held = 0;
  let inFlight = 0;
  let stopped = false;
  let onEmpty = () => {};

  const room = () => (broker.ready && !stopped ? maxHeld - held : 0);

  async function dispatch(rows: readonly OutboxRow[]): Promise<void> {
    const taken = rows.slice(0, room());
    let unsettled = taken.length;
    if (unsettled === 0) return;
    held += unsettled;
    await new Promise<void>((resolve) => {
      const done = () => {
        unsettled -= 1;
        if (unsettled === 0) resolve();
      };
      for (const row of taken) enqueue({ row, done });
      sendWaiting();
    });
  }

  function enqueue(item: Held): void {
    const queue = waiting.get(item.row.type);
    if (queue) queue.push(item);
    else waiting.set(item.row.type, [item]);
  }

  function sendWaiting(): void {
    for (const [type, queue] of waiting) {
      while (
        queue.length > 0 &&
        inFlight < maxPacketsInFlight &&
        inFlightOf(type) < maxPacketsInFlightOfOneType
      )
        void send(type, queue.splice(0, packetLength(queue)));
      if (queue.length === 0) waiting.delete(type);
    }
  }

  const inFlightOf = (type: string) => inFlightOfType.get(type) ?? 0;

  function occupy(type: string, packets: 1 | -1): void {
    inFlight += packets;
    inFlightOfType.set(type, inFlightOf(type) + packets);
  }

  async function send(type: string, items: readonly Held[]): Promise<void> {
    // A lease that is nearly over is left alone: the confirm might come when the relay has already sent the row again.
    const latestMs = performance.now() + publishTimeoutMs;
    const rows = items.map(({ row }) => row).filter((row) => row.leasedUntilMs > latestMs);
    try {
      if (rows.length > 0) await publishAndRecord(type, rows);
    } catch (error) {
      // Sent or refused, but not written down: the row stays, its lease ends, the relay takes it, the inbox knows it.
      observer.failed?.({ what: 'outbox dispatcher', error, retryInMs: leaseSeconds * 1_000 });
    }
    for (const { done } of items) done();
    held -= items.length;
    if (held === 0) onEmpty();
  }

  async function publishAndRecord(type: string, rows: readonly OutboxRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    const outcome = await publish(type, rows);
    if (outcome === 'sent') {
      observer.sent?.({ type, messages: ids.length });
      await forget(ids);
    } else if (outcome !== 'away') {
      observer.refused?.({ type, messages: ids.length, error: outcome.refused });
      const attempts = 1 + Math.max(...rows.map((row) => row.attempts));
      const retry = nextRetry(refusalRetry, attempts, Math.random());
      if (retry === 'dead') return;
      await database.query((sql) => store.countRefusal(sql, { ids, error: outcome.refused, ...retry }));
    }
  }

  async function publish(
    type: string,
    rows: readonly OutboxRow[],
  ): Promise<'sent' | 'away' | { refused: string }> {
    if (!broker.ready) return 'away';
    const senttime = new Date().toISOString();
    occupy(type, 1);
    try {
      const packet = encode(rows.map((row) => stamp(row.json, senttime, row.attempts + 1)));
      await broker.publish({ routingKey: type, mandatory: !news.has(type), ...packet });
      return 'sent';
    } catch (error) {
      return error instanceof PublishRefused ? { refused: describe(error) } : 'away';
    } finally {
      occupy(type, -1);
      sendWaiting();
    }
  }

  return {
    dispatch,
    room,
    async stop() {
      stopped = true;
      if (held === 0) return;
      await new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
    },
  };
}

/** How many of the first rows travel together: up to 100 and up to 256 KiB, at least one. */
function packetLength(queue: readonly Held[]): number {
  let bytes = 0;
  let length = 0;
  for (const { row } of queue) {
    bytes += Buffer.byteLength(row.json);
    if (length === maxMessagesPerPacket || (length > 0 && bytes > maxPacketBytes)) break;
    length += 1;
  }
  return length;
}
