/** A shop of its own for one crash: its databases, its part of RabbitMQ, the program that dies and the one that comes after it. */
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { createOrder } from '../../src/modules/order/index.ts';
import { createPayment } from '../../src/modules/payment/index.ts';
import { createStock } from '../../src/modules/stock/index.ts';
import { migrate, openDatabase, outboxMigrations, rabbit } from '../../src/outbox/index.ts';
import { createRetention } from '../../src/outbox/retention.ts';
import { openVhost } from '../support/node.ts';
import { createDatabase } from '../support/postgres.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';
import { queueOf } from '../support/queue.ts';
import { enter, type Name, type Shop } from '../support/shop.ts';
import { until } from '../support/until.ts';
import type { Point } from './traps.ts';

const names = ['order', 'stock', 'payment'] as const;
const bundle = resolve('dist/crash.js');

/** Longer than a machine stands still: who answers is not asked again, and nobody who waits for a module that has died asks after it. */
const env = { SEED_DEMO: '1', INQUIRY_AFTER_SECONDS: '10', GATEWAY_TIMEOUT_SECONDS: '3' };

/** Longer than a lease: the order's deadline does not step in where something else is to be seen to repair. */
const patientSeconds = 20;

export interface SceneOptions {
  /** False: the databases are empty. */
  readonly migrated?: boolean;
  readonly stepTimeoutSeconds?: number;
}

/** Only the migrations are asked for. */
const settings = {
  stepTimeoutSeconds: 1,
  stepMaxAttempts: 1,
  inquiryAfterSeconds: 1,
  gatewayConcurrency: 1,
  gatewayTimeoutSeconds: 1,
};
const modules = {
  order: createOrder(settings),
  stock: createStock(settings),
  payment: createPayment(settings),
};

/** Where the program dies: at `what`'s `point`. */
export interface Trap {
  readonly point: Point;
  readonly what: string;
  /** Only this module runs in the program that dies; the others live on. */
  readonly module?: Name;
  /** Messages of this type do not reach it. */
  readonly withheld?: string;
}

export interface Scene extends Shop {
  /** Starts the modules, or all three in one, as an operator does. */
  start(...modules: readonly Name[]): Promise<void>;
  /** Starts the program with a trap, does `provoke` to it, and resolves when it has died of that. */
  crash(trap: Trap, provoke?: () => Promise<unknown>): Promise<void>;
  /** Types of the messages that a module's outbox holds. */
  outbox(module: Name): Promise<readonly string[]>;
  /** As if their leases had ended: ten seconds for a row of the outbox, ten and the timeout of a call for a payment. */
  endLeases(): Promise<void>;
  /** Messages that lie in the queue of a module that does not run, also those that it has left unacknowledged. */
  queued(module: Name): Promise<number>;
  /** Waits until no message is in an outbox or a queue. */
  silence(): Promise<void>;
  /** Ends what runs, as an operator does: what is in hand is finished. The databases can still be looked at. */
  end(): Promise<void>;
}

/** Bundles the program with the traps. */
export const buildProgram = () =>
  build({
    entryPoints: ['test/crash/program.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: { '.sql': 'text' },
    logLevel: 'warning',
  });

/** Opens a scene. Nothing runs yet. */
export async function openScene({
  migrated = true,
  stepTimeoutSeconds = patientSeconds,
}: SceneOptions = {}): Promise<Scene> {
  const amqpUrl = (await openVhost()) ?? '';
  const databases = await Promise.all(names.map((name) => makeDatabase(name, migrated)));
  const databaseUrls = Object.fromEntries(databases.map(({ name, url }) => [name, url]));
  const urls: Record<Name, string[]> = { order: [], stock: [], payment: [] };
  const launched: Program[] = [];
  const living: Program[] = [];
  const environment = (running: readonly Name[]) => ({
    ...env,
    STEP_TIMEOUT_SECONDS: String(stepTimeoutSeconds),
    AMQP_URL: amqpUrl,
    MODULE: running.join(','),
    PORT: '0',
    ...Object.fromEntries(running.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, databaseUrls[name]])),
  });
  const shop = enter({
    urls,
    databaseUrls,
    connectBroker: rabbit({ url: amqpUrl }),
    output: () => launched.map((program) => program.output()).join('\n'),
    async stop() {
      await end();
      await Promise.all(databases.map(({ drop }) => drop()));
    },
  });

  async function launch(running: readonly Name[], place: Parameters<typeof startProgram>[1]) {
    const program = await startProgram(environment(running), place);
    launched.push(program);
    for (const name of running) urls[name] = [program.url];
    return program;
  }

  async function end() {
    const codes = await Promise.all(living.splice(0).map((program) => program.end()));
    expect(codes).toEqual(codes.map(() => 0));
  }

  async function outbox(module: Name) {
    const rows = await shop.look<{ type: string }>(module, (sql) => sql`select type from outbox order by id`);
    return rows.map(({ type }) => type);
  }

  return {
    ...shop,
    outbox,
    end,

    async start(...running) {
      living.push(await launch(running.length > 0 ? running : names, {}));
    },

    async crash({ point, what, module, withheld = '' }, provoke) {
      const running = module ? [module] : names;
      const args = [point, what, withheld];
      const place = { bundle, args };
      const dying = provoke ? await launch(running, place) : undefined;
      await provoke?.();
      const { signal, output } = await (dying?.ended ?? runProgram(args, environment(running), { bundle }));
      expect(output).toContain(JSON.stringify({ event: 'crash', point, what }));
      expect(signal).toBe('SIGKILL');
    },

    async endLeases() {
      for (const name of names)
        await shop.look(name, (sql) => sql`update outbox set leased_until = least(leased_until, now())`);
      await shop.look(
        'payment',
        (sql) => sql`update payments set call_at = least(call_at, now()) where call_at is not null`,
      );
    },

    async queued(module) {
      let left = 0;
      await until('the broker knows of the end', async () => {
        const { consumerCount, messageCount } = await queueOf(amqpUrl, module);
        left = messageCount;
        return consumerCount === 0;
      });
      return left;
    },

    async silence() {
      for (const name of names) {
        await until(`${name}'s outbox is empty`, async () => (await outbox(name)).length === 0);
        await until(
          `${name}'s queue is empty`,
          async () => (await queueOf(amqpUrl, name)).messageCount === 0,
        );
      }
    },
  };
}

async function makeDatabase(name: Name, migrated: boolean) {
  const template = async (url: string) => {
    const database = openDatabase({ url, name: 'template', maxConnections: 1 });
    await migrate(database, [...outboxMigrations, ...modules[name].migrations]);
    // The inbox's partitions: each of some thirty programs would make them.
    await createRetention(database).runOnce();
    await database.close();
  };
  return { name, ...(await createDatabase(migrated ? { templateName: name, template } : {})) };
}
