/** The broker goes away, or forgets everything, while orders are taken: nobody is rejected for it, nothing stays held. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agree } from '../support/agreement.ts';
import { openNode } from '../support/node.ts';
import { queueOf } from '../support/queue.ts';
import { cart, inParallel, type Order, openShop, type Shop } from '../support/shop.ts';
import { until } from '../support/until.ts';

const node = await openNode();
afterAll(() => node.close());

/** Short, so that the outages of a test are long for the saga. */
const impatient = { STEP_TIMEOUT_SECONDS: '1', INQUIRY_AFTER_SECONDS: '1', GATEWAY_TIMEOUT_SECONDS: '0.5' };

/** The split shop is the one that a team runs: it gets the large crowd. */
const crowds = { single: 200, split: 1_000 };

for (const setting of ['single', 'split'] as const)
  describe.skipIf(node.control === undefined)(setting, () => {
    let shop: Shop;

    beforeEach(async () => {
      shop = await openShop(setting, node.url ?? '', impatient);
      await shop.opened();
    });

    afterEach(async () => {
      await shop.stop();
    });

    const placeMany = async (count: number) => {
      const orders: Order[] = [];
      await inParallel(50, count, async () => void orders.push(await shop.place(cart('PEN-01'))));
      return orders;
    };
    const unsentCommands = () =>
      shop.look<{ commands: number }>(
        'order',
        (sql) => sql`
          select count(*) as commands from outbox where type like 'stock.re%' or type like 'payment.%'
          group by subject order by 1 desc`,
      );

    const crowd = crowds[setting];

    test(`away for ten times the step timeout: ${crowd} orders are taken, none times out, all end when it is back`, {
      timeout: 120_000,
    }, async () => {
      await node.control?.stopApp();
      const orders = await placeMany(crowd);
      expect(orders.every(({ status }) => status === 'pending')).toBe(true);
      // The time itself is what is tested: ten times the second that a step waits.
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const commands = await unsentCommands();
      expect(commands).toHaveLength(crowd);
      expect(commands[0]).toEqual({ commands: 1 });
      await node.control?.startApp();
      const ended = await shop.allEnded(orders);
      expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'confirmed'));
      await agree(shop);
    });

    /** How many orders are at this step. */
    const at = async (step: string) =>
      (await shop.look('order', (sql) => sql`select 1 from orders where step = ${step}`)).length;
    const authorized = async () =>
      (await shop.look('payment', (sql) => sql`select 1 from payments where state = 'authorized'`)).length;
    /** Answers of Payment that are on their way to Order. */
    const unheard = async () => {
      const unsent = await shop.look('payment', (sql) => sql`select 1 from outbox`);
      return unsent.length + (await queueOf(node.url ?? '', 'order')).messageCount;
    };
    /** Of which orders the broker had confirmed such a message and then forgot it: it is neither there nor in the outbox. */
    const forget = async (type: string) => {
      const rows = await shop.look<{ subject: string }>(
        'order',
        (sql) => sql`delete from outbox where type = ${type} returning subject`,
      );
      return new Set(rows.map(({ subject }) => subject));
    };
    const idsOf = (orders: readonly Order[]) => new Set(orders.map(({ id }) => id));

    test('wiped while orders are under way: commands and news are lost, all end, nothing stays held', {
      timeout: 120_000,
    }, async () => {
      const letPaymentGo = await shop.holdUp('payment');
      const before = await placeMany(30);
      await until('their goods are reserved', async () => (await at('authorizing_payment')) === 30);
      const letOrderGo = await shop.holdUp('order');
      await letPaymentGo();
      await until('their money is promised', async () => (await authorized()) === 30);
      await until('Order has been given the answers', async () => (await unheard()) === 0);
      await node.control?.stopApp();
      await letOrderGo();
      const during = await placeMany(30);
      await shop.allEnded(before);
      expect(await forget('order.confirmed')).toEqual(idsOf(before));
      expect(await forget('stock.reserve')).toEqual(idsOf(during));
      await node.control?.reset();
      const after = await placeMany(10);
      const ended = await shop.allEnded([...before, ...during, ...after]);
      expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'confirmed'));
      await agree(shop);
    });
  });
