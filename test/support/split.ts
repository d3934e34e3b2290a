/** A shop in three processes, over databases and brokers that the test names: so that it can stand between each two of them. */
import { expect } from 'vitest';
import { rabbit } from '../../src/outbox/index.ts';
import { type Program, startProgram } from './program.ts';
import { enter, type Name, type Shop } from './shop.ts';
import { until } from './until.ts';

type Each<T> = Readonly<Record<Name, T>>;

export interface SplitShop extends Shop {
  readonly programs: Each<Program>;
  /** Resolves when every module says that it is ready. */
  ready(timeoutMs?: number): Promise<void>;
  /** Whether this module says so now. */
  isReady(module: Name): Promise<boolean>;
}

export async function openSplitShop(options: {
  /** As the programs have them. */
  readonly databaseUrls: Each<string>;
  readonly amqpUrls: Each<string>;
  /** As the test has them: past what it has put in between. */
  readonly direct: { readonly databaseUrls: Each<string>; readonly amqpUrl: string };
  readonly env: Readonly<Record<string, string>>;
}): Promise<SplitShop> {
  const { databaseUrls, amqpUrls, direct, env } = options;
  const start = (name: Name) =>
    startProgram({
      MODULE: name,
      [`${name.toUpperCase()}_DATABASE_URL`]: databaseUrls[name],
      AMQP_URL: amqpUrls[name],
      SEED_DEMO: '1',
      AUTH: 'none',
      ...env,
    });
  const [order, stock, payment] = await Promise.all([start('order'), start('stock'), start('payment')]);
  const programs = { order, stock, payment };
  const all = Object.values(programs);
  const isReady = (name: Name) =>
    fetch(`${programs[name].url}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  const shop = enter(
    {
      urls: { order: [order.url], stock: [stock.url], payment: [payment.url] },
      databaseUrls: direct.databaseUrls,
      connectBroker: rabbit({ url: direct.amqpUrl }),
      output: () => all.map((program) => program.output()).join('\n'),
      async stop() {
        expect(await Promise.all(all.map((program) => program.end()))).toEqual([0, 0, 0]);
      },
    },
    env,
  );
  return {
    ...shop,
    programs,
    isReady,
    ready: (timeoutMs) =>
      until(
        'all modules are ready',
        async () =>
          (await Promise.all([isReady('order'), isReady('stock'), isReady('payment')])).every(Boolean),
        timeoutMs,
      ),
  };
}
