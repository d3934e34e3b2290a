/**
 * One connection to PostgreSQL, for its whole life.
 *
 * postgres 3.4.9 is used as a driver for single connections only, never for its pool or its `begin`: when a backend dies, those
 * may write to a socket that is gone (the process ends) or run a transaction's next statement in another transaction, committed
 * (porsager/postgres #1208, #1209, #1215). Here a connection can connect once, and after any failure it is closed and forgotten.
 * Closing is the one rollback that no late statement can slip past.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import postgres from 'postgres';
import { arrayTypes } from './arrays.ts';

/** What statements are written with: a tagged template, as `await sql`select 1``. */
export type Sql = postgres.ISql<{ bigint: number }>;

/** A statement that was written and not sent. */
export type Statement = postgres.PendingQuery<postgres.Row[]>;

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  /** False behind a PgBouncer (before 1.21) in transaction mode: no prepared statements. Default true. */
  readonly prepare?: boolean;
}

export interface Connection {
  readonly sql: Sql;
  readonly bornAtMs: number;
  /** Resolves when PostgreSQL has answered for the first time; rejects when it is certain that it will not. */
  readonly opened: Promise<void>;
  readonly closed: boolean;
  /** Says good-bye. What is in hand is rejected, and PostgreSQL rolls it back. */
  end(): void;
  /** Hangs up at once: what has not left this machine never will, and nobody is waited for. */
  reset(): void;
}

/** One address of several gets this long; in a network that works a handshake takes milliseconds. */
const dialTimeoutMs = 2_000;
/** From the first packet to the first answer, whichever address it is and whatever stands between. */
const openTimeoutMs = 5_000;
/** A peer that is gone is asked after this silence, then every second, ten times: noticed within 20 s, in the idle too. */
const keepAliveSeconds = 10;
/** A good-bye that is not taken: the socket is given up all the same. */
const endTimeoutMs = 1_000;

/** Connects. `onClose` is called once, when the connection has ended, for whatever reason. */
export function createConnection(options: ConnectionOptions, onClose: () => void): Connection {
  const line = createLine(addressesOf(options));
  let closed = false;
  const sql = postgres(options.url, {
    ...settingsOf(options),
    // One name: with several, the driver swallows the error that ends this connection.
    host: 'localhost',
    socket: line.dial,
    onclose: () => {
      if (closed) return;
      closed = true;
      onClose();
    },
  } as postgres.Options<{ bigint: postgres.PostgresType<number> }>);

  function reset(): void {
    line.cut();
    void sql.end({ timeout: 0 });
  }

  return {
    sql,
    bornAtMs: performance.now(),
    opened: openedBy(sql, reset),
    get closed() {
      return closed;
    },
    end() {
      void sql.end({ timeout: 0 });
      setTimeout(line.cut, endTimeoutMs).unref();
    },
    reset,
  };
}

function openedBy(sql: Sql, reset: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unanswered());
      reset();
    }, openTimeoutMs);
    sql
      .unsafe('select 1')
      .then(() => resolve(), reject)
      .finally(() => clearTimeout(timer));
  });
}

function settingsOf(options: ConnectionOptions) {
  return {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    // Ours begins earlier: with the first packet, not with the first answer.
    connect_timeout: 0,
    keep_alive: keepAliveSeconds,
    prepare: options.prepare ?? true,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: options.name },
    // Every bigint here is a count, a version or an amount far below 2^53.
    types: {
      ...arrayTypes,
      bigint: {
        to: 20,
        from: [20],
        parse: (text: string) => Number(text),
        serialize: (value: number) => String(value),
      },
    },
  };
}

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

/** The driver reads the URL; it does not connect for that. */
function addressesOf(options: ConnectionOptions): readonly Address[] {
  const { host, port, path } = postgres(options.url, settingsOf(options)).options;
  return path ? [{ path }] : host.map((name, i) => ({ host: name, port: port[i] ?? port[0] ?? 5432 }));
}

/** The socket of one connection. It can be had once: whatever is asked of the driver after its end, this refuses. */
function createLine(addresses: readonly Address[]) {
  let socket: Socket | undefined;
  let used = false;
  let isCut = false;

  async function dial(): Promise<Socket> {
    if (used) throw ended();
    used = true;
    let failure: unknown = ended();
    for (const address of addresses) {
      if (isCut) break;
      socket = connectSocket({ ...address, noDelay: true, keepAlive: true } as never);
      try {
        await connected(socket);
        // The driver names the server by it in TLS.
        return Object.assign(writingOncePerTick(socket), address);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  return {
    dial,
    cut(): void {
      isCut = true;
      used = true;
      if (!socket || socket.destroyed) return;
      // A reset is told to the other side, and the kernel forgets what it still wanted to send: a late commit, say.
      // Not while its end waits to be sent: Node 20 would never close such a socket, and the process would not end.
      const ending = socket.writableEnded && !socket.writableFinished;
      if (socket.remoteFamily !== undefined && !socket.connecting && !ending) socket.resetAndDestroy();
      else socket.destroy();
    },
  };
}

/** What is written within one turn of the event loop leaves in one packet: a packet costs more than the statements in it. */
function writingOncePerTick(socket: Socket): Socket {
  const write = socket.write;
  let corked = false;
  function send() {
    corked = false;
    socket.uncork();
  }
  socket.write = (...args: unknown[]) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(send);
    }
    return Reflect.apply(write, socket, args);
  };
  return socket;
}

const ended = () =>
  Object.assign(new Error('the database connection has ended'), { code: 'CONNECTION_ENDED' });
const unanswered = () => Object.assign(new Error('the database did not answer'), { code: 'CONNECT_TIMEOUT' });

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => socket.destroy(unanswered());
    const fail = () => reject(ended());
    socket.setTimeout(dialTimeoutMs, giveUp);
    socket.once('error', reject).once('close', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('timeout', giveUp).off('error', reject).off('close', fail);
      resolve();
    });
  });
}
