/**
 * The database, one connection at a time.
 *
 * postgres 3.4.9 is used as a driver for single connections only, never for its pool or its `begin`: when a backend dies, those
 * may write to a socket that is gone (the process ends) or run a transaction's next statement in another transaction, committed
 * (porsager/postgres #1208, #1209, #1215). Here a client is one connection for its whole life: it can connect once, and after
 * any failure it is closed and forgotten. Closing is the one rollback that no late statement can slip past.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import postgres from 'postgres';

/** What statements are written with: a tagged template, as `await sql`select 1``. */
export type Sql = postgres.ISql<{ bigint: number }>;

/** A statement that was written and not sent. */
export type Statement = postgres.PendingQuery<postgres.Row[]>;

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  /** False behind a PgBouncer (before 1.21) in transaction mode: no prepared statements. Default true. */
  readonly prepare?: boolean;
  /** Connections at most. Default 10: with batches, more connections only queue inside PostgreSQL. */
  readonly maxConnections?: number;
}

export interface Database {
  /** Runs one statement on a connection of its own. Two statements have nothing in common: use `transaction`. */
  query<T>(statement: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs `work` between begin and commit. If it throws, nothing of it has happened, and the error is thrown on. */
  transaction<T>(
    work: (sql: Sql) => Promise<T>,
    /** Statements, not sent yet, that travel with the commit: if one of them fails, it is none. */
    last?: (sql: Sql) => readonly Statement[],
  ): Promise<T>;
  /** How many connections are open and how many of those idle, and how many callers wait for one. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** Refuses new work, waits for what is in hand, closes every connection. */
  close(): Promise<void>;
}

/** The database cannot be asked: it is closing, or far more is waiting for a connection than it can serve. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy';
}

/** A caller beyond this many would wait for seconds: refusing at once is kinder, and it bounds memory. */
const maxWaiting = 2_000;
/** A connection older than this is replaced: it gives back what its backend has cached, and follows a moved server. */
const maxConnectionAgeMs = 30 * 60_000;
const connectTimeoutMs = 10_000;

/**
 * Plans are made for the tables as they are: a plan that was kept from when a table was new reads all of it for ever after,
 * until somebody analyzes it. Set for the transaction only, as PgBouncer in transaction mode wants it.
 */
const begin = 'begin; set local plan_cache_mode = force_custom_plan';

interface Client {
  readonly sql: postgres.Sql<{ bigint: number }>;
  readonly bornAt: number;
  closed: boolean;
}

/** Opens a pool of single-connection clients. Nothing is connected until the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { maxConnections = 10 } = options;
  const idle: Client[] = [];
  const waiting: { resolve: (client: Client) => void; reject: (error: Error) => void }[] = [];
  let open = 0;
  let closing = false;
  let allClosed = () => {};

  async function acquire(): Promise<Client> {
    if (closing) throw new DatabaseBusy('the database is closing');
    const client = idle.pop();
    if (client) return client;
    if (open < maxConnections) return create();
    if (waiting.length >= maxWaiting)
      throw new DatabaseBusy('too many callers wait for a database connection');
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  function create(): Client {
    open += 1;
    const client: Client = {
      sql: singleConnection(options, () => {
        client.closed = true;
        const position = idle.indexOf(client);
        if (position >= 0) {
          idle.splice(position, 1);
          discard(client);
        }
      }),
      bornAt: Date.now(),
      closed: false,
    };
    return client;
  }

  function release(client: Client): void {
    if (client.closed || closing || Date.now() - client.bornAt > maxConnectionAgeMs) {
      discard(client);
      return;
    }
    const next = waiting.shift();
    if (next) next.resolve(client);
    else idle.push(client);
  }

  function discard(client: Client): void {
    open -= 1;
    void client.sql.end({ timeout: 0 });
    const next = closing ? undefined : waiting.shift();
    if (next) next.resolve(create());
    if (closing && open === 0) allClosed();
  }

  async function using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await acquire();
    let result: T;
    try {
      result = await work(client);
    } catch (error) {
      discard(client);
      throw error;
    }
    release(client);
    return result;
  }

  return {
    query: (statement) => using((client) => statement(client.sql)),

    transaction: (work, last) =>
      using(async ({ sql }) => {
        // Not awaited: it travels with the first statement. If it is lost, so is the connection, and that statement with it.
        const begun = sql.unsafe(begin).execute();
        const [result] = await Promise.all([work(sql), begun]);
        // Sent in this order, whoever made them: the driver sends a statement when it is executed, not when it is written.
        const statements = [...(last?.(sql) ?? []), sql.unsafe('commit')].map((statement) =>
          statement.execute(),
        );
        const command = (await Promise.all(statements)).at(-1)?.command;
        // PostgreSQL answers ROLLBACK if a statement failed and its error was swallowed.
        if (command !== 'COMMIT')
          throw new Error('the transaction was rolled back: one of its statements had failed');
        return result;
      }),

    connections: () => ({ open, idle: idle.length, waiting: waiting.length }),

    async close() {
      if (closing) return;
      closing = true;
      for (const { reject } of waiting.splice(0)) reject(new DatabaseBusy('the database is closing'));
      const closed = new Promise<void>((resolve) => {
        allClosed = resolve;
      });
      for (const client of idle.splice(0)) discard(client);
      if (open > 0) await closed;
    },
  };
}

/** A client that connects once. Whatever is asked of it after its connection has ended is refused by the socket it cannot get. */
function singleConnection(options: DatabaseOptions, onClose: () => void): postgres.Sql<{ bigint: number }> {
  let used = false;
  const settings = {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    prepare: options.prepare ?? true,
    onnotice: () => {},
    onclose: onClose,
    connection: { application_name: options.name },
    // Every bigint here is a count, a version or an amount far below 2^53.
    types: {
      bigint: {
        to: 20,
        from: [20],
        parse: (text: string) => Number(text),
        serialize: (value: number) => String(value),
      },
    },
  };
  // Not connected: only its reading of the URL is wanted.
  const { host, port, path } = postgres(options.url, settings).options;
  return postgres(options.url, {
    ...settings,
    // One name: with several, the driver swallows the error that ends this client.
    host: host[0] ?? 'localhost',
    port: port[0] ?? 5432,
    socket: async () => {
      if (used)
        throw Object.assign(new Error('the database connection has ended'), { code: 'CONNECTION_ENDED' });
      used = true;
      return connectToAny(
        path ? [{ path }] : host.map((name, i) => ({ host: name, port: port[i] ?? port[0] ?? 5432 })),
      );
    },
  } as postgres.Options<{ bigint: postgres.PostgresType<number> }>);
}

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

async function connectToAny(addresses: readonly Address[]): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await connectTo(address);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function connectTo(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ ...address, noDelay: true } as never);
    socket.setTimeout(connectTimeoutMs, () =>
      socket.destroy(Object.assign(new Error('the database did not answer'), { code: 'CONNECT_TIMEOUT' })),
    );
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', reject);
      // The driver names the server by it in TLS.
      resolve(Object.assign(socket, address));
    });
  });
}
