/**
 * A rolling upgrade: the version before and this one side by side, on the same databases and queues, under load. What the two must
 * agree about is expanded first and contracted a release later; two planted breaches show that this test would notice.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { rabbit } from '../../src/outbox/index.ts';
import { type Build, buildCommit, buildPlanted, type Edit, previousCommit } from '../support/builds.ts';
import { fetchChecked, keyedPost } from '../support/client.ts';
import { hasVhosts, openVhost } from '../support/node.ts';
import { patiently, watchStalls } from '../support/patience.ts';
import { createDatabase } from '../support/postgres.ts';
import { type Program, runProgram, startProgram } from '../support/program.ts';
import { cart, enter, type Name, type Order } from '../support/shop.ts';
import { until } from '../support/until.ts';

const commit = previousCommit();

const modules = ['order', 'stock', 'payment'] as const;
const env = { STEP_TIMEOUT_SECONDS: '2', INQUIRY_AFTER_SECONDS: '2', FAILURE_RETRY_SECONDS: '1' };
/** Messages that every program must have handled beside the other version. */
const enough = 20;
const clients = 6;
const carts = [
  cart('MUG-01'),
  cart('PEN-01', 2, 'tok_declined'),
  cart('RARE-01', 1_000),
  cart('TEE-01', 1, 'tok_unavailable'),
];

describe.skipIf(!hasVhosts() || commit === undefined)('a rolling upgrade', () => {
  let before: Build;
  beforeAll(async () => {
    before = await buildCommit(commit ?? '');
  });
  afterAll(() => before?.remove());

  test('from the version before, and back and forth: no request is refused, no message fails, all agree', {
    timeout: 120_000,
  }, async () => {
    const seen = await upgrade(before.bundle, 'dist/main.js');
    expect(seen).toMatchObject({ breaches: [], exitCodes: [0, 0, 0, 0, 0, 0, 0, 0, 0] });
    expect(seen.orders).toBeGreaterThan(100);
  });

  test.each<[breach: string, edits: readonly Edit[], noticed: RegExp]>([
    [
      'a field of a message is renamed',
      [
        { file: 'src/contracts/payment.ts', from: 'paymentToken: text', to: 'token: text' },
        {
          file: 'src/modules/order/order.ts',
          from: 'data: { amount, currency, paymentToken }',
          to: 'data: { amount, currency, token: paymentToken }',
        },
        {
          file: 'src/modules/payment/messages.ts',
          from: 'known, message.data,',
          to: 'known, { ...message.data, paymentToken: message.data.token },',
        },
      ],
      /^payment cannot handle payment\.authorize: DeadMessage: .*oken/m,
    ],
    [
      'a column that the version before writes is dropped',
      [
        {
          file: 'src/modules/order/index.ts',
          from: 'sql: tables }',
          to: "sql: tables }, { name: 'order/002_planted', sql: 'alter table orders drop column email' }",
        },
        { file: 'src/modules/order/store.ts', from: ', email, step', to: ', step' },
      ],
      /^order answers 500$/m,
    ],
  ])('it notices when %s', { timeout: 120_000 }, async (_, edits, noticed) => {
    const planted = await buildPlanted(edits);
    onTestFinished(() => planted.remove());
    // The version with the fault in it is well by itself: only both together are not.
    expect((await upgrade(planted.bundle, planted.bundle)).breaches).toEqual([]);
    expect((await upgrade(before.bundle, planted.bundle)).breaches.join('\n')).toMatch(noticed);
  });
});

interface Seen {
  readonly orders: number;
  /** Whatever nobody may notice of an upgrade. */
  readonly breaches: readonly string[];
  readonly exitCodes: readonly (number | null)[];
}

/** A shop of three processes of the version `before` becomes one of the version `after`, while customers order. */
async function upgrade(before: string, after: string): Promise<Seen> {
  const shop = await openChangingShop();
  const { all, end, running } = shop;
  /** Kept: a message that fails in one version may succeed in the other, later. */
  const breaches = new Set<string>();
  const lookForFailures = async () => {
    for (const name of modules)
      for (const { type, error } of await shop.look<{ type: string; error: string }>(
        name,
        (sql) => sql`select distinct type, error from inbox_failures`,
      ))
        breaches.add(`${name} cannot handle ${type}: ${error}`);
    return breaches.size > 0;
  };
  /** Resolves when each of the programs that run has handled `enough` more messages than now, or something is wrong. */
  const worked = async (what: string) => {
    const programs = [...running.values()].flat();
    const begin = await Promise.all(programs.map(handled));
    const isEnough = async (program: Program, n: number) =>
      (await handled(program)) >= (begin[n] ?? 0) + enough;
    await until(
      what,
      async () => (await lookForFailures()) || (await Promise.all(programs.map(isEnough))).every(Boolean),
    );
  };

  try {
    const old = await all(before);
    await shop.opened();
    for (const sku of ['MUG-01', 'TEE-01'])
      await shop.ask('stock', `/products/${sku}/receipts`, { quantity: 100_000 });
    const load = startLoad(shop, breaches);
    await worked('the version before works');
    const migrated = await runProgram(['migrate'], shop.databases, { bundle: after });
    if (migrated.code !== 0) breaches.add(`migrate ends with ${migrated.code}: ${migrated.output}`);
    await worked('the version before works on the new tables');
    const fresh = await all(after, { MIGRATE: '0' });
    await worked('both work');
    await end(old);
    await worked('the new one works alone');
    // Taken back: the version before starts on tables that are newer than itself.
    const again = await all(before);
    await worked('both work again');
    await end(again);
    const orders = await load.stop();
    if (!(await lookForFailures())) {
      await shop.allEnded(orders);
      await until('the audit is clean', async () => (await shop.audit(0)).clean).catch(() => {});
      for (const { invariant, count } of (await shop.audit(0)).findings)
        breaches.add(`audit: ${invariant} (${count})`);
      await lookForFailures();
    }
    await end(fresh);
    return { orders: orders.length, breaches: [...breaches], exitCodes: shop.exitCodes };
  } finally {
    await shop.stop();
  }
}

type Three = Readonly<Record<Name, Program>>;

/** A shop on new databases whose programs come and go. */
async function openChangingShop() {
  const amqpUrl = (await openVhost()) ?? '';
  const created = await Promise.all(modules.map(() => createDatabase()));
  const urlsOf = (name: (module: Name) => string) =>
    Object.fromEntries(modules.map((module, n) => [name(module), created[n]?.url ?? '']));
  const databases = urlsOf((module) => `${module.toUpperCase()}_DATABASE_URL`);
  /** Where requests are sent: only to programs that are ready, as a load balancer does it. */
  const urls: Record<Name, string[]> = { order: [], stock: [], payment: [] };
  const running = new Map<Three, readonly Program[]>();
  const underWay = new Set<Promise<Response>>();
  const exitCodes: (number | null)[] = [];
  const stalls = watchStalls();
  let turn = 0;

  async function start(module: Name, bundle: string, more: Readonly<Record<string, string>>) {
    const name = `${module.toUpperCase()}_DATABASE_URL`;
    const own = { MODULE: module, [name]: databases[name] ?? '', AMQP_URL: amqpUrl, SEED_DEMO: '1' };
    return startProgram({ ...own, AUTH: 'none', ...env, ...more }, { bundle });
  }

  async function end(three: Three): Promise<void> {
    running.delete(three);
    for (const module of modules) {
      const { url } = three[module];
      urls[module].splice(urls[module].indexOf(url), 1);
    }
    // As Kubernetes does it by waiting: who was sent there a moment ago is answered first.
    await Promise.allSettled(underWay);
    exitCodes.push(...(await Promise.all(modules.map((module) => three[module].end()))));
  }

  const shop = enter(
    {
      urls,
      databaseUrls: urlsOf((module) => module),
      connectBroker: rabbit({ url: amqpUrl }),
      output: () =>
        [...running.values()]
          .flat()
          .map((program) => program.output())
          .join('\n'),
      async stop() {
        await stalls.close();
        await Promise.all([...running.keys()].map(end));
        await Promise.all(created.map(({ drop }) => drop()));
      },
    },
    env,
  );
  return {
    ...shop,
    /** A refusal is a breach, unless the machine stood still. */
    ask(module: Name, path: string, body: unknown) {
      const post = keyedPost(body);
      const send = () => {
        turn += 1;
        return fetchChecked(`${urls[module][turn % urls[module].length]}${path}`, post);
      };
      const answer = patiently(send, stalls.since);
      underWay.add(answer);
      return answer.finally(() => underWay.delete(answer));
    },
    databases,
    running,
    exitCodes,
    end,
    /** Starts one of each module; resolves when they are ready. */
    async all(bundle: string, more: Readonly<Record<string, string>> = {}): Promise<Three> {
      const [order, stock, payment] = await Promise.all([
        start('order', bundle, more),
        start('stock', bundle, more),
        start('payment', bundle, more),
      ]);
      const three = { order, stock, payment };
      running.set(three, [order, stock, payment]);
      for (const module of modules) {
        const { url } = three[module];
        await until(`${module} is ready`, async () => (await fetch(`${url}/readyz`)).status === 200);
        urls[module].push(url);
      }
      return three;
    },
  };
}

/** Customers who order all the while, some of whom think better of it. What they are not to see is a breach. */
function startLoad(
  shop: { ask(module: Name, path: string, body: unknown): Promise<Response> },
  breaches: Set<string>,
) {
  const orders: Order[] = [];
  let open = true;
  const customer = async (_: unknown, first: number) => {
    for (let n = first; open; n += clients) {
      const answer = await shop.ask('order', '/orders', carts[n % carts.length]);
      const order = (await answer.json()) as Order;
      if (answer.status !== 201) {
        breaches.add(`order answers ${answer.status}`);
        continue;
      }
      orders.push(order);
      if (n % 9 === 0) await shop.ask('order', `/orders/${order.id}/cancel`, {});
    }
  };
  const ordering = Promise.all(Array.from({ length: clients }, customer)).catch((error) => {
    breaches.add(`order does not answer: ${error}`);
  });
  return {
    async stop(): Promise<readonly Order[]> {
      open = false;
      await ordering;
      return orders;
    },
  };
}

/** Messages that have had their effect in this program. */
async function handled({ url }: Program): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(/^order_saga_inbox_handled_total\{[^}]*\} (\d+)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
