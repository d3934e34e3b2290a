/** A few connections and those who wait for one: bounded in number and in time. */
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';

/** The database cannot be asked: it is closing, or far more is waiting for a connection than it can serve. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy';
}

/** The deadline came first: nothing has happened. */
export class DatabaseTimeout extends Error {
  override readonly name = 'DatabaseTimeout';
}

/** A caller beyond this many would wait for seconds: refusing at once is kinder, and it bounds memory. */
const maxWaiting = 2_000;
/**
 * Opened at the same time: a connection costs PostgreSQL a process and a hundred times what the statement of a loop does, so
 * those who come together are better served one after the other by the first that is there. Two, so that one which hangs holds up nobody.
 */
const maxOpening = 2;
/** A connection older than this is replaced: it gives back what its backend has cached, and follows a moved server. */
const maxConnectionAgeMs = 30 * 60_000;
/** The longest that a timer can wait; a deadline beyond it is none. */
const maxTimerMs = 2 ** 31 - 1;

export interface Pool {
  /** Gives a connection of the caller's own by `deadlineMs`. Throws `DatabaseTimeout`, `DatabaseBusy`, or why none can be opened. */
  acquire(deadlineMs: number): Promise<Connection>;
  /** Takes it back for the next caller. */
  release(connection: Connection): void;
  /** Takes it back and closes it: something has failed on it. */
  discard(connection: Connection): void;
  /** The same for one that did not answer in time: those that lie idle are suspected too. */
  giveUp(connection: Connection): void;
  /** How many connections are open and how many of those idle, and how many callers wait for one. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Refuses new callers, waits for the connections that are out, closes all. */
  close(): Promise<void>;
}

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

/** Nothing is connected until the first caller comes. */
export function createPool(options: ConnectionOptions & { readonly maxConnections: number }): Pool {
  const { maxConnections } = options;
  const idle: Connection[] = [];
  const opening = new Set<Connection>();
  const waiting = new Set<Waiter>();
  /** Connections in the hands of callers. */
  let out = 0;
  let closing = false;
  let allBack = () => {};

  function acquire(deadlineMs: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (closing) return reject(new DatabaseBusy('the database is closing'));
      const connection = idle.pop();
      if (connection) {
        out += 1;
        return resolve(connection);
      }
      if (waiting.size >= maxWaiting)
        return reject(new DatabaseBusy('too many callers wait for a database connection'));
      wait(deadlineMs, resolve, reject);
      openForThoseWhoWait();
    });
  }

  function wait(deadlineMs: number, resolve: Waiter['resolve'], reject: Waiter['reject']): void {
    const leave = atDeadline(deadlineMs, () => {
      waiting.delete(waiter);
      reject(new DatabaseTimeout('no database connection was free in time'));
    });
    const waiter: Waiter = {
      resolve(connection) {
        leave();
        resolve(connection);
      },
      reject(error) {
        leave();
        reject(error);
      },
    };
    waiting.add(waiter);
  }

  /** A connection is opened for whoever waits, not by him: he may be gone when it is there, and the next one has it. */
  function openForThoseWhoWait(): void {
    const wanted = Math.min(waiting.size, maxOpening);
    while (!closing && opening.size < wanted && idle.length + out + opening.size < maxConnections) open();
  }

  function open(): void {
    const connection = createConnection(options, () => {
      const position = idle.indexOf(connection);
      if (position >= 0) idle.splice(position, 1);
    });
    opening.add(connection);
    connection.opened.then(
      () => {
        opening.delete(connection);
        offer(connection);
        openForThoseWhoWait();
      },
      (error: unknown) => {
        opening.delete(connection);
        connection.reset();
        // Who could still be served waits on; if nothing is left to wait for, all are told why.
        if (out + opening.size === 0) rejectAll(error);
      },
    );
  }

  function offer(connection: Connection): void {
    if (connection.closed || closing) {
      connection.end();
      openForThoseWhoWait();
      return;
    }
    const [first] = waiting;
    if (!first) {
      idle.push(connection);
      return;
    }
    waiting.delete(first);
    out += 1;
    first.resolve(connection);
  }

  function rejectAll(error: unknown): void {
    const all = [...waiting];
    waiting.clear();
    for (const waiter of all) waiter.reject(error);
  }

  function takeBack(): void {
    out -= 1;
    if (closing && out === 0) allBack();
  }

  function discard(connection: Connection): void {
    connection.end();
    takeBack();
    openForThoseWhoWait();
  }

  return {
    acquire,

    release(connection) {
      if (connection.closed || performance.now() - connection.bornAtMs > maxConnectionAgeMs)
        return discard(connection);
      takeBack();
      offer(connection);
    },

    discard,

    giveUp(connection) {
      connection.reset();
      // What has silenced one (a firewall, a host that is gone) has silenced those that nobody has tried since.
      for (const suspect of idle.splice(0)) suspect.reset();
      takeBack();
      openForThoseWhoWait();
    },

    connections: () => ({
      open: idle.length + out + opening.size,
      idle: idle.length,
      waiting: waiting.size,
    }),

    async close() {
      if (closing) return;
      closing = true;
      rejectAll(new DatabaseBusy('the database is closing'));
      for (const connection of idle.splice(0)) connection.end();
      for (const connection of opening) connection.reset();
      if (out > 0)
        await new Promise<void>((resolve) => {
          allBack = resolve;
        });
    },
  };
}

/**
 * Calls `onDeadline` when the time has come; returns what takes that back. After what has arrived by then: on a machine that was too
 * busy to look, answers that came in time lie unread, and timers are called first.
 */
export function atDeadline(deadlineMs: number, onDeadline: () => void): () => void {
  const leftMs = deadlineMs - performance.now();
  if (leftMs > maxTimerMs) return () => {};
  let afterReading: NodeJS.Immediate | undefined;
  const timer = setTimeout(
    () => {
      afterReading = setImmediate(onDeadline);
    },
    Math.max(0, leftMs),
  );
  return () => {
    clearTimeout(timer);
    clearImmediate(afterReading);
  };
}
