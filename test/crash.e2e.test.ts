/**
 * `kill -9` at every point between two things that must both happen, then a start: each order comes to its one end, each unit
 * leaves once, each card is charged once. What is on disk at each point is in docs/reliability.md.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  cancelled,
  confirmed,
  endsAs,
  events,
  isLeased,
  ledger,
  operations,
  orderId,
  payments,
  reservations,
} from './crash/books.ts';
import { buildProgram, openScene, type Scene, type SceneOptions } from './crash/scene.ts';
import { hasVhosts } from './support/node.ts';
import { cart } from './support/shop.ts';
import { until } from './support/until.ts';

/**
 * What repairs is often a lease that ends, of ten seconds or a little more. One scene of a message and one of a call wait for it;
 * the others turn the clock, as if it had.
 */

/** Two mugs for 25 euros; there are a thousand. */
const order = cart('MUG-01', 2);

describe.skipIf(!hasVhosts()).concurrent('kill -9', { timeout: 120_000 }, () => {
  const names: string[] = [];

  beforeAll(buildProgram);

  /** Every test a scene of its own. */
  function scenario(name: string, play: (scene: Scene) => Promise<void>, options: SceneOptions = {}): void {
    names.push(name);
    test(name, async () => {
      const scene = await openScene(options);
      try {
        await play(scene);
      } finally {
        await scene.stop();
      }
    });
  }

  describe('a message', () => {
    scenario('after the commit, before the dispatch', async (scene) => {
      await scene.crash({ point: 'committed', what: 'stock.reserve' }, placing(scene));
      expect(await scene.outbox('order')).toEqual(['stock.reserve']);
      expect(await scene.queued('stock')).toBe(0);
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario(
      'a reply, after the commit, before the dispatch',
      async (scene) => {
        await scene.crash({ point: 'committed', what: 'stock.reserved' }, placing(scene));
        expect(await scene.outbox('stock')).toEqual(['stock.reserved']);
        expect(await scene.queued('order')).toBe(0);
        await scene.start();
        await endsAs(confirmed, scene);
        // The order's deadline did not wait for the reply that a relay has sent.
        expect(await events(scene, 'heeded')).toContain('deadline');
      },
      { stepTimeoutSeconds: 2 },
    );

    scenario('news of the outcome, after the commit, before the dispatch', async (scene) => {
      await scene.crash({ point: 'committed', what: 'order.confirmed' }, placing(scene));
      // What the queue has already may not be deleted yet.
      const unsent = (await scene.outbox('order')).filter((type) => type !== 'payment.authorize');
      expect(unsent).toEqual(['order.confirmed']);
      expect(await payments(scene)).toEqual([{ state: 'authorized', amount: 2500 }]);
      await scene.endLeases();
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('after the publish, before the confirm', async (scene) => {
      await scene.start('stock', 'payment');
      await scene.crash({ point: 'published', what: 'stock.reserve', module: 'order' }, placing(scene));
      expect(await scene.outbox('order')).toEqual(['stock.reserve']);
      // Stock has heard it and acts, whether its sender lives or not.
      await until('Stock has answered', async () => (await scene.queued('order')) > 0);
      expect(await reservations(scene)).toEqual(['held']);
      await scene.endLeases();
      await scene.start('order');
      await endsAs(confirmed, scene);
    });

    scenario('after the confirm, before the delete', async (scene) => {
      await scene.start('order', 'payment');
      await scene.crash({ point: 'confirmed', what: 'stock.reserved', module: 'stock' }, placing(scene));
      expect(await scene.outbox('stock')).toEqual(['stock.reserved']);
      // It was heard: the saga goes on to its end without Stock.
      expect(await scene.ended(await orderId(scene))).toMatchObject({ status: 'confirmed' });
      expect(await reservations(scene)).toEqual(['held']);
      await scene.endLeases();
      await scene.start('stock');
      await endsAs(confirmed, scene);
    });

    scenario("after a relay's claim", async (scene) => {
      await scene.crash({ point: 'committed', what: 'stock.reserve' }, placing(scene));
      await scene.endLeases();
      await scene.crash({ point: 'claimed', what: 'stock.reserve' });
      expect(await scene.outbox('order')).toEqual(['stock.reserve']);
      expect(await isLeased(scene)).toBe(true);
      expect(await scene.queued('stock')).toBe(0);
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('after the delivery, before the commit', async (scene) => {
      await scene.crash({ point: 'handled', what: 'stock.reserve' }, placing(scene));
      expect(await scene.queued('stock')).toBe(1);
      expect(await reservations(scene)).toEqual([]);
      expect(await scene.outbox('stock')).toEqual([]);
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('the reply that decides, after the delivery, before the commit', async (scene) => {
      await scene.start('stock', 'payment');
      await scene.crash({ point: 'handled', what: 'payment.authorized', module: 'order' }, placing(scene));
      expect(await scene.queued('order')).toBe(1);
      expect(await events(scene, 'heeded')).toEqual(['place', 'stock.reserved']);
      expect(await scene.outbox('order')).not.toContain('order.confirmed');
      await scene.start('order');
      await endsAs(confirmed, scene);
    });

    scenario('after the commit, before the acknowledgement', async (scene) => {
      await scene.crash({ point: 'acknowledging', what: 'stock.reserve' }, placing(scene));
      expect(await scene.queued('stock')).toBe(1);
      expect(await reservations(scene)).toEqual(['held']);
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('the reply that decides, after the commit, before the acknowledgement', async (scene) => {
      await scene.start('stock', 'payment');
      await scene.crash(
        { point: 'acknowledging', what: 'payment.authorized', module: 'order' },
        placing(scene),
      );
      expect(await scene.queued('order')).toBe(1);
      expect(await events(scene, 'heeded')).toEqual(confirmed.events);
      await scene.start('order');
      await endsAs(confirmed, scene);
    });
  });

  describe('a call to the card processor', () => {
    scenario('authorize: after the intent, before the call', async (scene) => {
      await scene.crash({ point: 'calling', what: 'authorize' }, placing(scene));
      expect(await payments(scene)).toEqual([{ state: 'authorizing', amount: 2500 }]);
      expect(await ledger(scene)).toEqual([]);
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('authorize: after the call, before the record', async (scene) => {
      await scene.crash({ point: 'called', what: 'authorize' }, placing(scene));
      expect(await payments(scene)).toEqual([{ state: 'authorizing', amount: 2500 }]);
      expect(await ledger(scene)).toEqual([{ operation: 'authorize', amount: 2500, asks: 1 }]);
      await scene.endLeases();
      await scene.start();
      await endsAs(confirmed, scene);
      expect((await ledger(scene))[0]).toEqual({ operation: 'authorize', amount: 2500, asks: 2 });
    });

    scenario('capture: after the intent, before the call', async (scene) => {
      await scene.crash({ point: 'calling', what: 'capture' }, placing(scene));
      expect(await payments(scene)).toEqual([{ state: 'capturing', amount: 2500 }]);
      expect(await operations(scene)).toEqual(['authorize']);
      await scene.endLeases();
      await scene.start();
      await endsAs(confirmed, scene);
    });

    scenario('capture: after the call, before the record', async (scene) => {
      await scene.crash({ point: 'called', what: 'capture' }, placing(scene));
      expect(await payments(scene)).toEqual([{ state: 'capturing', amount: 2500 }]);
      expect(await operations(scene)).toEqual(['authorize', 'capture']);
      await scene.endLeases();
      await scene.start();
      await endsAs(confirmed, scene);
      expect((await ledger(scene))[1]).toEqual({ operation: 'capture', amount: 2500, asks: 2 });
    });

    scenario('void: after the intent, before the call', async (scene) => {
      await scene.crash(
        { point: 'calling', what: 'void', withheld: 'payment.authorized' },
        cancelling(scene),
      );
      expect(await payments(scene)).toEqual([{ state: 'voiding', amount: 2500 }]);
      expect(await operations(scene)).toEqual(['authorize']);
      await scene.endLeases();
      await scene.start();
      await endsAs(cancelled, scene);
    });

    scenario('void: after the call, before the record', async (scene) => {
      await scene.crash({ point: 'called', what: 'void', withheld: 'payment.authorized' }, cancelling(scene));
      expect(await payments(scene)).toEqual([{ state: 'voiding', amount: 2500 }]);
      expect(await operations(scene)).toEqual(['authorize', 'void']);
      await scene.endLeases();
      await scene.start();
      await endsAs(cancelled, scene);
      expect((await ledger(scene))[1]).toEqual({ operation: 'void', amount: 2500, asks: 2 });
    });
  });

  scenario("after an order's commit, before its answer", async (scene) => {
    let answer: unknown;
    await scene.crash({ point: 'answering', what: 'POST /orders' }, async () => {
      answer = await placing(scene)();
    });
    expect(answer).toBeInstanceOf(Error);
    expect(await orderId(scene)).toBeDefined();
    await scene.start();
    // The customer who heard nothing finds it.
    const found = await (await scene.ask('order', '/orders?customerId=cus_1')).json();
    expect(found).toMatchObject({ data: [{ id: await orderId(scene) }] });
    await endsAs(confirmed, scene);
  });

  scenario(
    'in the middle of a migration',
    async (scene) => {
      await scene.crash({ point: 'migrating', what: 'payments' });
      const tables = await scene.look(
        'payment',
        (sql) => sql`select from pg_tables where schemaname = 'public'`,
      );
      expect(tables).toHaveLength(0);
      await scene.start();
      await placing(scene)();
      await endsAs(confirmed, scene);
    },
    { migrated: false },
  );

  test('every point is in the table of docs/reliability.md', async () => {
    const lines = (await readFile('docs/reliability.md', 'utf8')).split('\n');
    const listed = lines.map((line) => line.split('|')[1]?.trim());
    expect(listed).toEqual(expect.arrayContaining(names));
  });
});

/** Places the order as soon as one is taken; what the customer gets for an answer, or the error for want of one. */
const placing = (scene: Scene) => async () => {
  await scene.opened();
  await scene.silence();
  return scene.ask('order', '/orders', order).catch((error: unknown) => error);
};

/** Places the order and, when the card is charged but Order has not heard of it, cancels it. */
const cancelling = (scene: Scene) => async () => {
  await placing(scene)();
  await until('the payment is authorized', async () =>
    (await payments(scene)).some(({ state }) => state === 'authorized'),
  );
  expect((await scene.cancel(await orderId(scene))).status).toBe(202);
};
