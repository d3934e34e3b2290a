/** A whole shop under test, in one of the ways it can be run, with what a test needs to use it, to meddle and to look. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { audit, type Report, type Sources } from '../../src/audit/audit.ts';
import { readConfig } from '../../src/config.ts';
import { createMemoryBroker } from '../../src/embedded/broker.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { readFacts } from '../../src/modules/facts.ts';
import {
  type Broker,
  type ConnectBroker,
  type Database,
  openDatabase,
  rabbit,
  type Sql,
} from '../../src/outbox/index.ts';
import { compose, type Message } from '../../src/outbox/message.ts';
import { createModule, startService } from '../../src/service.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { clientOf, fetchPatiently, keyedPost, type Order, type Product } from './client.ts';
import { lockTable } from './database.ts';
import { makeFolder, removeFolder } from './folder.ts';
import { createDatabase } from './postgres.ts';
import { type Program, startProgram } from './program.ts';
import { until } from './until.ts';

const names = ['order', 'stock', 'payment'] as const;
export type Name = (typeof names)[number];

/** Embedded; one process on RabbitMQ; three; three with two of each. */
export type Setting = 'embedded' | 'single' | 'split' | 'doubled';

/** Whom the shop tells that it is busy (503) asks again. */
export interface Shop {
  /** Where each module serves. */
  readonly urls: Readonly<Record<Name, readonly string[]>>;
  readonly databaseUrls: Readonly<Partial<Record<Name, string>>>;
  /** Resolves when orders are taken: modules start in any order, the first price list decides. */
  opened(): Promise<void>;
  /** Asks a module over HTTP; with several replicas each in turn. */
  ask(module: Name, path: string, body?: unknown): Promise<Response>;
  place(body?: Cart): Promise<Order>;
  find(id: string): Promise<Order>;
  cancel(id: string): Promise<Response>;
  /** Waits until the order's saga has ended. */
  ended(id: string): Promise<Order>;
  /** The same for many: by one question to Order's database, a thousand who ask over HTTP would be the heavier load. */
  allEnded(orders: readonly Pick<Order, 'id'>[]): Promise<readonly Order[]>;
  /** Reads a module's database. */
  look<Row extends object>(
    module: Name,
    statement: (sql: Sql) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]>;
  /** Keeps a module from taking in any message until the returned function is called. */
  holdUp(module: Name): Promise<() => Promise<void>>;
  /** Says something to the modules, as if another had said it. */
  say(type: string, subject: string, data?: unknown): Promise<Message>;
  sayRaw(routingKey: string, body: Buffer): Promise<void>;
  /** Levels of a product. */
  product(sku: string): Promise<Product>;
  /** Everything that its programs have written to their logs. */
  output(): string;
  /** Compares what the three databases say; ten examples of each finding unless told. */
  audit(graceSeconds: number, maxExamples?: number): Promise<Report>;
  stop(): Promise<void>;
}

export type { Order } from './client.ts';

type Cart = ReturnType<typeof cart> & { readonly email?: string };

export const cart = (sku = 'MUG-01', quantity = 1, paymentToken = 'tok_visa') => ({
  customerId: 'cus_1',
  lines: [{ sku, quantity }],
  paymentToken,
});

interface Answered<Answer> {
  readonly data?: Answer | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

function answerOf<Answer extends object>({ data, error, response }: Answered<Answer>): Answer {
  if (!data) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  return data;
}

/** Calls `work` for 0 to `count - 1`, `clients` of them at a time. */
export async function inParallel(
  clients: number,
  count: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** Opens a shop with demo products. `env` changes its settings, as `STEP_TIMEOUT_SECONDS`. */
export async function openShop(
  setting: Setting,
  amqpUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  return enter(setting === 'embedded' ? await embedded(env) : await onRabbit(setting, amqpUrl, env), env);
}

/** A shop that runs somewhere, as its customer and its operator have it. `env`: its settings, which the audit must know too. */
export function enter(running: Running, env: Readonly<Record<string, string>> = {}): Shop {
  const databases = Object.fromEntries(
    names.map((name) => [
      name,
      openDatabase({ url: running.databaseUrls[name] ?? '', name: 'test', maxConnections: 2 }),
    ]),
  ) as Record<Name, Database>;
  const sources = Object.fromEntries(
    names.map((name) => [name, readFacts(databases[name], createModule(name, readConfig('audit', env)))]),
  ) as unknown as Sources;
  let mouth: Broker | undefined;
  let turn = 0;

  function urlOf(module: Name): string {
    const urls = running.urls[module];
    turn += 1;
    return urls[turn % urls.length] ?? '';
  }

  const client = (module: Name) => clientOf(urlOf(module));

  function ask(module: Name, path: string, body?: unknown): Promise<Response> {
    return fetchPatiently(`${urlOf(module)}${path}`, body === undefined ? {} : keyedPost(body));
  }

  async function sayRaw(routingKey: string, body: Buffer): Promise<void> {
    // Only a mouth: its queue has no bindings.
    mouth ??= running.connectBroker({ exchange: 'order-saga', queue: 'order-saga.test', bindings: [] });
    const broker = mouth;
    await until('the broker is there', () => broker.ready);
    await broker.publish({ routingKey, contentType: 'application/cloudevents+json', body, mandatory: true });
  }

  const find = async (id: string) =>
    answerOf(await client('order').GET('/orders/{id}', { params: { path: { id } } }));

  return {
    urls: running.urls,
    databaseUrls: running.databaseUrls,
    ask,
    find,
    sayRaw,
    opened: () =>
      // Where Stock comes late, Order's question waits for up to 30 s between its attempts.
      until(
        'orders are taken',
        async () => (await ask('order', '/orders', cart('NONE'))).status === 422,
        80_000,
      ),
    place: async (body = cart()) =>
      answerOf(
        await client('order').POST('/orders', {
          body,
          params: { header: { 'Idempotency-Key': randomUUID() } },
        }),
      ),
    cancel: (id) => ask('order', `/orders/${id}/cancel`, {}),
    async ended(id) {
      await until(`order ${id} ends`, async () => (await find(id)).step === 'done', 60_000);
      return find(id);
    },
    async allEnded(orders) {
      const ids = orders.map(({ id }) => id);
      const open = () =>
        databases.order.query(
          (sql) => sql`select 1 from orders where id = any(${ids}::uuid[]) and step <> 'done' limit 1`,
        );
      await until(`${ids.length} orders end`, async () => (await open()).length === 0, 90_000);
      const ended: Order[] = [];
      await inParallel(20, ids.length, async (n) => {
        ended[n] = await find(ids[n] ?? '');
      });
      return ended;
    },
    look: (module, statement) => databases[module].query(statement),
    holdUp: (module) => lockTable(databases[module], 'inbox'),
    async say(type, subject, data = {}) {
      const message = compose({ type, subject, data }, '/test', new Date());
      await sayRaw(type, Buffer.from(JSON.stringify(message)));
      return message;
    },
    product: async (sku) =>
      answerOf(await client('stock').GET('/products/{sku}', { params: { path: { sku } } })),
    output: running.output,
    audit: (graceSeconds, maxExamples = 10) => audit(sources, { graceSeconds, maxExamples }),
    async stop() {
      await mouth?.close();
      await Promise.all(names.map((name) => databases[name].close()));
      await running.stop();
    },
  };
}

/** Where a shop is, and how it is ended. */
export interface Running {
  /** Of each module's replicas. */
  readonly urls: Readonly<Record<Name, readonly string[]>>;
  readonly databaseUrls: Readonly<Partial<Record<Name, string>>>;
  readonly connectBroker: ConnectBroker;
  output(): string;
  stop(): Promise<void>;
}

/** In this process, so that the test can reach the broker inside it; PostgreSQL is the embedded one. */
async function embedded(env: Readonly<Record<string, string>>): Promise<Running> {
  const dataDir = await makeFolder();
  const keeper = [process.execPath, resolve('dist/main.js'), '__keeper'];
  const postgres = await startPostgres({ dataDir, databases: names, keeper });
  const broker = createMemoryBroker();
  const config = readConfig('serve', { PORT: '0', ...env });
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), 'json');
  const service = await startService(
    config,
    { databaseUrls: postgres.urls, connectBroker: broker.connect },
    log,
  );
  await service.started;
  return {
    urls: { order: [service.url], stock: [service.url], payment: [service.url] },
    databaseUrls: postgres.urls,
    connectBroker: broker.connect,
    output: () => lines.join('\n'),
    async stop() {
      await service.stop();
      await postgres.stop();
      await removeFolder(dataDir);
    },
  };
}

async function onRabbit(
  setting: Setting,
  amqpUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const databases = await Promise.all(
    names.map((name) => createDatabase().then((created) => [name, created] as const)),
  );
  const databaseUrls = Object.fromEntries(databases.map(([name, { url }]) => [name, url])) as Record<
    Name,
    string
  >;
  const common = { AMQP_URL: amqpUrl, SEED_DEMO: '1', AUTH: 'none', ...env };
  const urlOf = (name: Name) => ({ [`${name.toUpperCase()}_DATABASE_URL`]: databaseUrls[name] });

  const programs: Record<Name, readonly Program[]> = { order: [], stock: [], payment: [] };
  if (setting === 'single') {
    const program = await startProgram({
      ...common,
      ...urlOf('order'),
      ...urlOf('stock'),
      ...urlOf('payment'),
    });
    for (const name of names) programs[name] = [program];
  } else
    await Promise.all(
      names.map(async (name) => {
        const start = () => startProgram({ ...common, ...urlOf(name), MODULE: name });
        programs[name] = await Promise.all(setting === 'doubled' ? [start(), start()] : [start()]);
      }),
    );

  const all = new Set(Object.values(programs).flat());
  return {
    urls: {
      order: programs.order.map(({ url }) => url),
      stock: programs.stock.map(({ url }) => url),
      payment: programs.payment.map(({ url }) => url),
    },
    databaseUrls,
    connectBroker: rabbit({ url: amqpUrl }),
    output: () => [...all].map((program) => program.output()).join('\n'),
    async stop() {
      const codes = await Promise.all([...all].map((program) => program.end()));
      await Promise.all(databases.map(([, { drop }]) => drop()));
      expect(codes.every((code) => code === 0)).toBe(true);
    },
  };
}
