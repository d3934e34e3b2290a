/** The program on fresh databases, in one process or several, ready and warm; and what can be asked of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, openDatabase } from '../src/outbox/index.ts';
import type { Program } from '../test/support/program.ts';
import { until } from '../test/support/until.ts';
import type { Generator } from './generator.ts';
import type { Group } from './processes.ts';
import { runScript, start as startProgram } from './programs.ts';
import { modules, type Name, type Services } from './services.ts';

/** Which modules each process runs. */
export type Topology = readonly (readonly Name[])[];

export const topologies = {
  'one process': [modules],
  'split in three': modules.map((name) => [name]),
  'two of each': [...modules, ...modules].map((name) => [name]),
} as const satisfies Record<string, Topology>;

export type TopologyName = keyof typeof topologies;

export interface Shop {
  /** Where orders are placed, one for each process that takes them. */
  readonly orderUrls: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<Name, Database>>;
  /** Its processes, as they are now. */
  groups(): readonly Group[];
  /** Resolves when no order waits for anything; the clock of "to the end of the saga" stops here. */
  sagasEnded(): Promise<void>;
  /** Resolves when nothing at all is on its way: units have left, money is taken, every outbox is empty. */
  quiet(): Promise<void>;
  /** Starts the processes of these modules, or ends them. */
  start(topology: Topology): Promise<void>;
  end(isOne: (modules: readonly Name[]) => boolean): Promise<void>;
  /** Throws unless there are `accepted` orders and at most `inDoubt` more, all confirmed, and the program's own audit finds nothing. */
  check(accepted: number, inDoubt: number): Promise<void>;
  close(): Promise<void>;
}

/** Sagas end within seconds; after this they do not end at all. */
const endsWithinMs = 180_000;
const lookEveryMs = 10;
/** A second for 50,000 orders; there may be millions. */
const auditedWithinSeconds = 900;
/** More than any run sells. */
export const unitsInStock = 1_000_000;

export async function openShop(services: Services, topology: Topology): Promise<Shop> {
  const urls = await services.freshDatabases(modules);
  const env = {
    AMQP_URL: services.amqpUrl,
    SEED_DEMO: '1',
    ...Object.fromEntries(modules.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, urls[name] ?? ''])),
  };
  const databases = Object.fromEntries(
    modules.map((name) => [name, openDatabase({ url: urls[name] ?? '', name: 'bench', maxConnections: 1 })]),
  ) as Record<Name, Database>;
  let programs: { readonly modules: readonly Name[]; readonly program: Program }[] = [];

  const ask = (name: Name, text: string) => databases[name].query((sql) => sql.unsafe(text));
  const count = async (text: string) => Number((await ask('order', text))[0]?.['count']);

  async function waitUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const latestMs = performance.now() + endsWithinMs;
    while (!(await isSo())) {
      if (performance.now() > latestMs) throw new Error(`waited ${endsWithinMs / 1_000} s in vain: ${what}`);
      await pause(lookEveryMs);
    }
  }

  const start = async (more: Topology) => {
    const started = await Promise.all(
      more.map(async (modules) => {
        const own = modules.length === 3 ? env : { ...only(env, modules), MODULE: modules.join(',') };
        return { modules, program: await startProgram(own) };
      }),
    );
    programs.push(...started);
  };
  const urlsOf = (name: Name) =>
    programs.filter(({ modules }) => modules.includes(name)).map(({ program }) => program.url);

  const shop: Shop = {
    get orderUrls() {
      return urlsOf('order').map((url) => `${url}/orders`);
    },
    env,
    databases,
    groups: () => programs.map(({ modules, program }) => ({ name: nameOf(modules), pid: program.pid })),
    start,
    // By the index of deadlines: every order that has not ended has one.
    sagasEnded: () =>
      waitUntil(
        'all sagas have ended',
        async () =>
          (await ask('order', 'select 1 from orders where deadline_at is not null limit 1')).length === 0,
      ),
    quiet: () =>
      waitUntil('nothing is on its way', async () => {
        const found = await Promise.all([
          ask('order', 'select 1 from orders where deadline_at is not null limit 1'),
          ask('stock', 'select 1 from reservations where inquire_at is not null limit 1'),
          ask(
            'payment',
            'select 1 from payments where call_at is not null or inquire_at is not null limit 1',
          ),
          ...modules.map((name) => ask(name, 'select 1 from outbox limit 1')),
        ]);
        return found.flat().length === 0;
      }),
    async end(isOne) {
      const ending = programs.filter(({ modules }) => isOne(modules));
      programs = programs.filter((one) => !ending.includes(one));
      const codes = await Promise.all(ending.map(({ program }) => program.end()));
      if (codes.some((code) => code !== 0)) throw new Error(`a program ended with ${codes.join(', ')}`);
    },
    async check(accepted, inDoubt) {
      const confirmed = await count(`select count(*) from orders where status = 'confirmed'`);
      const all = await count('select count(*) from orders');
      if (confirmed !== all || all < accepted || all > accepted + inDoubt)
        throw new Error(
          `${accepted} orders were accepted, ${inDoubt} in doubt, ${all} are there, ${confirmed} are confirmed`,
        );
      // It fails with what it has found.
      await runScript(['dist/main.js', 'audit', '--grace-seconds', '0'], env, auditedWithinSeconds);
    },
    async close() {
      await Promise.all(programs.map(({ program }) => program.end()));
      await Promise.all(modules.map((name) => databases[name].close()));
      await services.dropQueues();
    },
  };
  try {
    await start(topology);
    await fillStock(urlsOf('stock')[0] ?? '', shop);
  } catch (error) {
    await shop.close();
    throw error;
  }
  return shop;
}

const nameOf = (modules: readonly Name[]) => (modules.length === 3 ? 'program' : modules.join(','));

/** A process that runs one module is not told of the others' databases. */
function only(env: Readonly<Record<string, string>>, names: readonly Name[]): Record<string, string> {
  const foreign = modules
    .filter((name) => !names.includes(name))
    .map((name) => `${name.toUpperCase()}_DATABASE_URL`);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.includes(name)));
}

/** Goods in, and until Order knows what there is. */
async function fillStock(stockUrl: string, shop: Shop): Promise<void> {
  const send = async (method: 'POST' | 'PUT', path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${stockUrl}${path}`, { method, headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`${method} ${path} was answered with ${answer.status}`);
  };
  for (const sku of furtherProducts)
    await send('PUT', `/products/${sku}`, { name: `Product ${sku}`, unitPrice: 100, currency: 'EUR' });
  for (const sku of ['MUG-01', ...furtherProducts])
    await send('POST', `/products/${sku}/receipts`, { quantity: unitsInStock });
  await until('Order knows the products', async () => {
    const [row] = await shop.databases.order.query((sql) =>
      sql.unsafe(`
        select (select listed_at from catalogue) is not null
          and (select count(*) from products where sku like 'SKU-%') = ${furtherProducts.length} as known`),
    );
    return row?.['known'] === true;
  });
}

/** Orders of `lines` products by a thousand customers, one of each; the first product is in every order. */
export function carts(lines = 1): readonly string[] {
  const products = ['MUG-01', ...furtherProducts.slice(0, lines - 1)];
  return Array.from({ length: 1_000 }, (_, n) =>
    JSON.stringify({
      customerId: `cus_${String(n).padStart(4, '0')}`,
      lines: products.map((sku) => ({ sku, quantity: 1 })),
      paymentToken: 'tok_visa',
    }),
  );
}

/** Beside the demo products, for orders of many lines. */
export const furtherProducts = Array.from({ length: 49 }, (_, n) => `SKU-${String(n).padStart(2, '0')}`);

/** Until the code is compiled and every connection is open. Returns how many orders that were. */
export async function warmUp(shop: Shop, generator: Generator, seconds: number): Promise<number> {
  const { accepted } = await generator.run({
    kind: 'closed',
    urls: shop.orderUrls,
    bodies: carts(),
    clients: 64,
    seconds,
  });
  await shop.quiet();
  return accepted;
}
