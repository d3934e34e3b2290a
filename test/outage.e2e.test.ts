/** The broker goes away, or forgets everything, while orders are taken: nobody is rejected for it, nothing stays held. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agree, held } from './support/agreement.ts';
import { openNode } from './support/node.ts';
import { cart, inParallel, type Order, openShop, type Shop } from './support/shop.ts';

const node = await openNode();
afterAll(() => node.close());

/** Short, so that the outages of a test are long for the saga. */
const impatient = { STEP_TIMEOUT_SECONDS: '0.5', INQUIRY_AFTER_SECONDS: '1', GATEWAY_TIMEOUT_SECONDS: '0.5' };

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
    const allEnded = async (orders: readonly { id: string }[]) =>
      Promise.all(orders.map(({ id }) => shop.ended(id)));
    const unsentCommands = () =>
      shop.look<{ commands: number }>(
        'order',
        (sql) => sql`
          select count(*) as commands from outbox where type like 'stock.re%' or type like 'payment.%'
          group by subject order by 1 desc`,
      );

    test('away for ten times the step timeout: 1,000 orders are taken, none times out, all end when it is back', async () => {
      await node.control?.stopApp();
      const orders = await placeMany(1_000);
      expect(orders.every(({ status }) => status === 'pending')).toBe(true);
      // The time itself is what is tested: ten times the half second that a step waits.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const commands = await unsentCommands();
      expect(commands).toHaveLength(1_000);
      expect(commands[0]).toEqual({ commands: 1 });
      await node.control?.startApp();
      const ended = await allEnded(orders);
      expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'confirmed'));
      await expect
        .poll(() => held(shop), { timeout: 20_000 })
        .toEqual({ reservations: 0, payments: 0, reserved: 0 });
      await agree(shop);
    });

    test('wiped while orders are under way: all end, nothing stays held', async () => {
      const before = await placeMany(30);
      const wiped = node.control?.reset();
      const during = await placeMany(30);
      await wiped;
      const after = await placeMany(10);
      const ended = await allEnded([...before, ...during, ...after]);
      expect(ended.every(({ status }) => status !== 'pending')).toBe(true);
      await expect
        .poll(() => held(shop), { timeout: 30_000 })
        .toEqual({ reservations: 0, payments: 0, reserved: 0 });
      await agree(shop);
    });
  });
