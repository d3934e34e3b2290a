/**
 * Points at which a program may be killed, each as a trap in one of its ports: the real port, which ends the process when what it
 * is told to wait for comes by. Nothing of the program knows of it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Broker, Database, Delivery, Sql } from '../../src/outbox/index.ts';
import type { Services } from '../../src/service.ts';

type Ports = Required<Services>;
type Trap = (ports: Ports, what: string) => Ports;

/** `what` is a message type, an operation of the card processor, a route or a table. */
export const traps = {
  /** A transaction that says `what` has committed; its messages have not been handed to the dispatcher. */
  committed: (ports, what) =>
    afterTransactions(ports, async (sql) => {
      const rows = await sql`select 1 from outbox where type = ${what}`;
      if (rows.length > 0) die('committed', what);
    }),

  /** The broker has `what` and has passed it on; of its confirm this process has heard nothing. */
  published(ports, what) {
    const topology = { exchange: 'order-saga', queue: 'order-saga.witness', bindings: [what] };
    const witness = ports.connectBroker(topology);
    const bound = new Promise<void>((resolve) => witness.onReady(resolve));
    witness.subscribe({ prefetch: 1 }, () => die('published', what));
    return withBroker(ports, ({ publish }) => ({
      async publish(packet) {
        if (packet.routingKey !== what) return publish(packet);
        await bound;
        void publish(packet);
        return new Promise(() => {});
      },
    }));
  },

  /** The broker has confirmed `what`; its rows are still in the outbox. */
  confirmed: (ports, what) =>
    withBroker(ports, ({ publish }) => ({
      async publish(packet) {
        await publish(packet);
        if (packet.routingKey === what) die('confirmed', what);
      },
    })),

  /** A relay has leased rows of `what`, which an earlier crash has left with their lease over; it has sent none. */
  claimed: (ports, what) =>
    afterTransactions(ports, async (sql) => {
      const rows = await sql`
        select 1 from outbox where type = ${what} and leased_until > clock_timestamp()`;
      if (rows.length > 0) die('claimed', what);
    }),

  /** All that `what` asks for has been written; nothing of it is committed. */
  handled(ports, what) {
    const arrived = new Set<string>();
    const watched = onDelivery(ports, (delivery) => {
      for (const { id, type } of messagesIn(delivery)) if (type === what) arrived.add(id);
      return delivery;
    });
    return withDatabase(watched, ({ transaction }) => ({
      transaction: (work, last) =>
        transaction(async (sql) => {
          const result = await work(sql);
          if (arrived.size > 0) {
            const rows = await sql`select 1 from inbox where id = any(${[...arrived]}::uuid[])`;
            if (rows.length > 0) die('handled', what);
          }
          return result;
        }, last),
    }));
  },

  /** What `what` asks for is committed; the broker has not been told. */
  acknowledging: (ports, what) =>
    onDelivery(ports, (delivery) =>
      messagesIn(delivery).some(({ type }) => type === what)
        ? { ...delivery, acknowledge: () => die('acknowledging', what) }
        : delivery,
    ),

  /** That the card processor is to be called is committed; it has not been. */
  calling: (ports, what) =>
    aroundCalls(ports, async (operation, call) => {
      if (operation === what) die('calling', what);
      return call();
    }),

  /** The card processor has done it and answered; nothing is recorded. */
  called: (ports, what) =>
    aroundCalls(ports, async (operation, call) => {
      const answer = await call();
      if (operation === what) die('called', what);
      return answer;
    }),

  /** A request, as `POST /orders`, has made what it asks for; nothing of the answer has been written. */
  answering(ports, what) {
    subscribe('http.server.request.start', (event) => {
      const { request, response } = event as { request: IncomingMessage; response: ServerResponse };
      if (`${request.method} ${request.url}` !== what) return;
      const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
      response.writeHead = (status: number, ...rest: unknown[]) =>
        status === 201 ? die('answering', what) : writeHead(status, ...rest);
    });
    return ports;
  },

  /** A migration has made the table `what`; those after it have not run and nothing is committed. */
  migrating: (ports, what) =>
    withDatabase(ports, ({ transaction }) => ({
      transaction: (work, last) => transaction((sql) => work(dyingAfterTable(sql, what)), last),
    })),
} satisfies Record<string, Trap>;

export type Point = keyof typeof traps;
export const isPoint = (name: string): name is Point => Object.hasOwn(traps, name);

/** Deliveries of these types never come: the modules behind the port do not hear of them. */
export const withhold = (ports: Ports, types: readonly string[]): Ports =>
  onDelivery(ports, (delivery) =>
    messagesIn(delivery).some(({ type }) => types.includes(type)) ? undefined : delivery,
  );

/** Says where it dies, for the test to read, and does: no handler, no flush, no goodbye. */
function die(point: Point, what: string): never {
  writeSync(1, `${JSON.stringify({ event: 'crash', point, what })}\n`);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive after SIGKILL');
}

function withDatabase(ports: Ports, around: (inner: Database) => Partial<Database>): Ports {
  return {
    ...ports,
    openDatabase(options) {
      const inner = ports.openDatabase(options);
      return { ...inner, ...around(inner) };
    },
  };
}

/** `look` sees what is committed before whoever ran the transaction hears of it. */
function afterTransactions(ports: Ports, look: (sql: Sql) => Promise<void>): Ports {
  return withDatabase(ports, ({ transaction, query }) => ({
    async transaction(work, last) {
      const result = await transaction(work, last);
      await query(look);
      return result;
    },
  }));
}

function withBroker(ports: Ports, around: (inner: Broker) => Partial<Broker>): Ports {
  return {
    ...ports,
    connectBroker(topology) {
      const inner = ports.connectBroker(topology);
      // Not copied: `ready` is asked each time.
      return Object.assign(Object.create(inner) as Broker, around(inner));
    },
  };
}

/** `meet` returns what the subscriber gets; nothing, and it gets nothing. */
function onDelivery(ports: Ports, meet: (delivery: Delivery) => Delivery | undefined): Ports {
  return withBroker(ports, ({ subscribe }) => ({
    subscribe: (options, listener) =>
      subscribe(options, (delivery) => {
        const met = meet(delivery);
        if (met) listener(met);
      }),
  }));
}

function aroundCalls(
  ports: Ports,
  around: <Answer>(operation: string, call: () => Promise<Answer>) => Promise<Answer>,
): Ports {
  return {
    ...ports,
    createGateway(database) {
      const inner = ports.createGateway(database);
      return {
        authorize: (...call) => around('authorize', () => inner.authorize(...call)),
        capture: (...call) => around('capture', () => inner.capture(...call)),
        void: (...call) => around('void', () => inner.void(...call)),
      };
    },
  };
}

function dyingAfterTable(sql: Sql, table: string): Sql {
  const unsafe = async (text: string) => {
    const rows = await sql.unsafe(text);
    if (text.includes(`create table ${table} (`)) die('migrating', table);
    return rows;
  };
  return new Proxy(sql, { get: (inner, name) => (name === 'unsafe' ? unsafe : Reflect.get(inner, name)) });
}

function messagesIn({ body }: Delivery): readonly { readonly id: string; readonly type: string }[] {
  return [JSON.parse(body.toString())].flat();
}
