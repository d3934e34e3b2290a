/** A shop split in three whose databases can be put back to an earlier moment, as `docs/operations.md` tells its operator. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type postgres from 'postgres';
import { rabbit } from '../../src/outbox/index.ts';
import { type Load, startLoad } from '../chaos/load.ts';
import { createRandom } from '../chaos/random.ts';
import { type ArchivedDatabase, startArchived } from './archived.ts';
import { operation } from './documented.ts';
import { freePorts } from './ports.ts';
import { type Program, startProgram } from './program.ts';
import { enter, type Name, type Shop } from './shop.ts';
import { until } from './until.ts';

export const modules = ['order', 'stock', 'payment'] as const;
/** Much for the saga's second, little for two cores. */
const ordersPerSecond = 15;

export interface RecoverableShop extends Shop {
  readonly load: Load;
  /** Stops a module; SIGKILL leaves undone what is in hand. */
  end(module: Name, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a module and waits until it is ready. */
  start(module: Name): Promise<void>;
  /** Makes a restore point in these databases, at one moment for the messages between them. */
  mark(modules: readonly Name[]): Promise<void>;
  /** Puts a stopped module's database back to its mark. */
  restore(module: Name): Promise<void>;
  /** Does what the page says with what others know: copies it `from` them, with the statements `out` and `into`, and then `enter`. */
  repair(
    module: Name,
    copies: readonly { readonly from: Name; readonly out: string; readonly into: string }[],
    enter: string,
  ): Promise<void>;
  /** The card processor does what it is asked for this order and does not say so, until the returned function is called. */
  silence(orderId: string): Promise<() => Promise<void>>;
  /** What the card processor has done, by order; it was not restored. */
  ledger(): Promise<ReadonlyMap<string, readonly Entry[]>>;
}

/** A key in the card processor's books. */
export interface Entry {
  readonly operation: 'authorize' | 'capture' | 'void';
  readonly amount: number;
  readonly asks: number;
  readonly done: boolean;
  readonly declineCode: string | null;
}

export async function openRecoverableShop(
  amqpUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<RecoverableShop> {
  const servers = Object.fromEntries(
    await Promise.all(modules.map(async (name) => [name, await startArchived(name)] as const)),
  ) as Record<Name, ArchivedDatabase>;
  const ports = await freePorts(modules.length);
  // Another company's: its books survive whatever is restored here.
  const processor = await startProgram({}, { args: ['gateway-simulator'] });
  const gateway = { PAYMENT_GATEWAY: 'http', GATEWAY_URL: processor.url };
  const running = new Map<Name, Program>();

  const start = async (module: Name) => {
    const name = `${module.toUpperCase()}_DATABASE_URL`;
    const own = { MODULE: module, [name]: servers[module].url, PORT: String(ports[modules.indexOf(module)]) };
    const program = await startProgram({ ...own, AMQP_URL: amqpUrl, SEED_DEMO: '1', ...gateway, ...env });
    running.set(module, program);
    await until(`${module} is ready`, async () => (await fetch(`${program.url}/readyz`)).status === 200);
  };
  const end = async (module: Name, signal?: NodeJS.Signals) => {
    await running.get(module)?.end(signal);
    running.delete(module);
  };

  await Promise.all(modules.map(start));
  const each = <T>(make: (name: Name) => T) =>
    Object.fromEntries(modules.map((name) => [name, make(name)])) as Record<Name, T>;
  const urls = each((name) => [running.get(name)?.url ?? '']);
  const shop = enter(
    {
      urls,
      databaseUrls: each((name) => servers[name].url),
      connectBroker: rabbit({ url: amqpUrl }),
      output: () => [...running.values()].map((program) => program.output()).join('\n'),
      async stop() {
        await Promise.all(modules.map((name) => end(name)));
        await Promise.all([processor.end(), ...modules.map((name) => servers[name].stop())]);
      },
    },
    { ...gateway, ...env },
  );
  await shop.opened();
  const load = startLoad(urls.order, ordersPerSecond, createRandom(1));

  /** Runs `work` with a connection to each of these databases. */
  async function administer<T>(
    names: readonly Name[],
    work: (connections: readonly postgres.Sql[]) => Promise<T>,
  ): Promise<T> {
    const connections = names.map((name) => servers[name].administer());
    try {
      return await work(connections);
    } finally {
      await Promise.all(connections.map((sql) => sql.end()));
    }
  }

  return {
    ...shop,
    load,
    start,
    end,

    mark: (names) =>
      administer(names, async (connections) => {
        // The next step begins when all have taken this one.
        for (const step of ['mark-begin', 'mark', 'mark-end'])
          await Promise.all(connections.map((sql) => sql.unsafe(operation(`sql ${step}`))));
      }),

    restore: (module) =>
      servers[module].restore((archive) =>
        Object.fromEntries(
          [...operation('ini restore-point').matchAll(/^(\w+) = '(.*)'$/gm)].map(
            ([, name = '', value = '']) => [name, value.replace('/archive', archive)],
          ),
        ),
      ),

    repair: (module, copies, entering) =>
      administer([module, ...copies.map(({ from }) => from)], async ([here, ...there]) => {
        for (const [n, { out, into }] of copies.entries()) {
          const known = await copyOut(there[n] as postgres.Sql, operation(`sql ${out}`));
          await copyIn(here as postgres.Sql, operation(`sql ${into}`), known);
        }
        await here?.unsafe(operation(`sql ${entering}`));
      }),

    async silence(orderId) {
      const faults = `${processor.url}/faults`;
      const body = JSON.stringify({ kind: 'silent', orderId, times: 1_000 });
      await fetch(faults, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      return async () => void (await fetch(faults, { method: 'DELETE' }));
    },

    async ledger() {
      const entries = new Map<string, Entry[]>();
      let after = '';
      for (;;) {
        const answer = await fetch(`${processor.url}/ledger?limit=100${after && `&after=${after}`}`);
        const { data, nextCursor } = (await answer.json()) as {
          data: (Entry & { orderId: string })[];
          nextCursor: string | null;
        };
        for (const { orderId, ...entry } of data)
          entries.set(orderId, [...(entries.get(orderId) ?? []), entry]);
        if (nextCursor === null) return entries;
        after = nextCursor;
      }
    },

    async stop() {
      await load.stop();
      await shop.stop();
    },
  };
}

/** The moment in the page's examples: everything that a test has made is younger. */
const whenever = /'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00'/;

async function copyOut(sql: postgres.Sql, statement: string): Promise<string> {
  const text = statement.replace(whenever, `'2000-01-01 00:00:00+00'`);
  const chunks: Buffer[] = [];
  for await (const chunk of await sql.unsafe(text).readable()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** `statements`: a table is made, and copied into. */
async function copyIn(sql: postgres.Sql, statements: string, text: string): Promise<void> {
  const [make = '', copy = ''] = statements.split(/;\n/);
  await sql.unsafe(make);
  await pipeline(Readable.from([text]), await sql.unsafe(copy).writable());
}
