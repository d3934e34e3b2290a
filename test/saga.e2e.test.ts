/** One suite, four ways to run the shop: what a customer and an operator may rely on does not depend on the way. */
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agree } from './support/agreement.ts';
import { openVhost } from './support/node.ts';
import { cart, inParallel, type Order, openShop, type Setting, type Shop } from './support/shop.ts';

const settings: readonly Setting[] = ['embedded', 'single', 'split', 'doubled'];

for (const setting of settings) {
  const amqpUrl = setting === 'embedded' ? '' : await openVhost();
  describe.skipIf(amqpUrl === undefined)(setting, () => {
    let shop: Shop;

    beforeAll(async () => {
      shop = await openShop(setting, amqpUrl ?? '', { GATEWAY_TIMEOUT_SECONDS: '1' });
      await shop.opened();
    });

    afterAll(async () => {
      await shop.stop();
    });

    test('an order is confirmed: units leave, the money is taken, the customer is told', async () => {
      const before = await shop.product('MUG-01');
      const placed = await shop.place(cart('MUG-01', 3));
      expect(placed).toMatchObject({ status: 'pending', total: 3750 });
      expect(await shop.ended(placed.id)).toMatchObject({ status: 'confirmed', reason: null });
      await expect
        .poll(() => shop.product('MUG-01'))
        .toMatchObject({ onHand: before.onHand - 3, reserved: 0 });
      await expect
        .poll(() => payments(placed.id))
        .toMatchObject([{ status: 'captured', amount: 3750, currency: 'EUR' }]);
      await expect.poll(() => told(placed.id)).toBe(true);
    });

    test('out of stock: rejected, nothing is held, nothing is paid', async () => {
      const { id } = await shop.place(cart('RARE-01', 2));
      expect(await shop.ended(id)).toMatchObject({ status: 'rejected', reason: { code: 'out_of_stock' } });
      expect(await shop.product('RARE-01')).toMatchObject({ onHand: 1, reserved: 0 });
      expect(await payments(id)).toEqual([]);
    });

    test.each(['tok_declined', 'tok_insufficient_funds', 'tok_nonsense'])(
      '%s: rejected, the goods are given back',
      async (token) => {
        const before = await shop.product('CAP-01');
        const { id } = await shop.place(cart('CAP-01', 2, token));
        expect(await shop.ended(id)).toMatchObject({
          status: 'rejected',
          reason: { code: 'payment_declined' },
        });
        expect(await shop.product('CAP-01')).toEqual(before);
      },
    );

    test.each(['tok_timeout', 'tok_unavailable'])(
      '%s: asked again until the answer is definite, and charged once',
      async (token) => {
        const { id } = await shop.place(cart('PEN-01', 1, token));
        expect(await shop.ended(id)).toMatchObject({ status: 'confirmed' });
        await expect.poll(() => payments(id)).toMatchObject([{ status: 'captured', amount: 300 }]);
      },
    );

    test('cancelled while the payment is under way: voided, given back, told', async () => {
      const before = await shop.product('BAG-01');
      const { id } = await shop.place(cart('BAG-01', 2, 'tok_timeout'));
      const cancelled = await shop.cancel(id);
      expect(cancelled.status).toBe(202);
      expect(await cancelled.json()).toMatchObject({
        status: 'cancelled',
        reason: { code: 'cancelled_by_customer' },
      });
      expect((await shop.cancel(id)).status).toBe(202);
      await shop.ended(id);
      expect(await shop.product('BAG-01')).toEqual(before);
      expect((await payments(id)).every(({ status }) => status === 'voided')).toBe(true);
      await expect.poll(() => told(id)).toBe(true);
    });

    test('cancelled after the confirmation: too late', async () => {
      const { id } = await shop.place();
      await shop.ended(id);
      expect((await shop.cancel(id)).status).toBe(409);
    });

    test('a release that comes before its reserve leaves a tombstone: the late reserve gets nothing', async () => {
      const before = await shop.product('TEE-01');
      const id = uuidv7();
      await shop.say('stock.release', id);
      await expect.poll(() => reservations(id)).toEqual(['released']);
      await shop.say('stock.reserve', id, { lines: [{ sku: 'TEE-01', quantity: 5 }] });
      await expect.poll(() => unknownOrders(id)).toBe(2);
      expect(await reservations(id)).toEqual(['released']);
      expect(await shop.product('TEE-01')).toEqual(before);
      await shop.look('stock', (sql) => sql`delete from reservations where order_id = ${id}`);
      await discardAll();
    });

    test('a late reply is remembered and changes nothing', async () => {
      const { id } = await shop.place();
      await shop.ended(id);
      const late = await shop.say('stock.reserved', id);
      await expect.poll(() => unheeded(id)).toEqual([late.id]);
      expect(await shop.find(id)).toMatchObject({ status: 'confirmed', step: 'done' });
    });

    test('a message that is delivered twice acts once', async () => {
      const { id } = await shop.place();
      await shop.ended(id);
      const message = await shop.say('stock.reserved', id);
      await shop.sayRaw('stock.reserved', Buffer.from(JSON.stringify(message)));
      // Queues keep their order: when the one behind it has been seen, both have been handled.
      const last = await shop.say('payment.authorized', id);
      await expect.poll(async () => (await unheeded(id)).includes(last.id)).toBe(true);
      expect((await unheeded(id)).filter((cause) => cause === message.id)).toHaveLength(1);
    });

    test('a command that is given again is answered again and acts once', async () => {
      const { id } = await shop.place(cart('MUG-01', 2));
      await shop.ended(id);
      await expect.poll(async () => (await shop.product('MUG-01')).reserved).toBe(0);
      const before = await shop.product('MUG-01');
      await shop.say('stock.reserve', id, { lines: [{ sku: 'MUG-01', quantity: 2 }] });
      await shop.say('payment.authorize', id, { amount: 2500, currency: 'EUR', paymentToken: 'tok_visa' });
      await expect.poll(async () => (await unheeded(id)).length).toBe(2);
      expect(await shop.product('MUG-01')).toEqual(before);
      expect(await payments(id)).toHaveLength(1);
    });

    test('what is no message is kept as a dead failure, and the next ones go on', async () => {
      await shop.sayRaw('stock.reserved', Buffer.from('{not json'));
      await shop.sayRaw('stock.reserved', Buffer.from('{"type":"stock.reserved"}'));
      const invalid = await shop.say('order.inquire', uuidv7(), { participant: 'nobody' });
      const { id } = await shop.place();
      expect(await shop.ended(id)).toMatchObject({ status: 'confirmed' });
      await expect.poll(() => deadFailures()).toEqual(expect.arrayContaining(['DeadMessage: not JSON']));
      const errors = await deadFailures();
      expect(errors.some((error) => error.includes('no CloudEvent'))).toBe(true);
      expect(errors.some((error) => error.includes('invalid order.inquire: data.participant'))).toBe(true);
      expect(invalid.id).toBeDefined();
      await discardAll();
    });

    // The split shop is the one that a team runs: it gets the large crowd.
    const crowd = setting === 'split' ? 1_000 : 100;

    test(`${crowd} orders, 50 at a time: every order ends, units and cents agree`, {
      timeout: 120_000,
    }, async () => {
      const tokens = ['tok_visa', 'tok_visa', 'tok_visa', 'tok_declined'];
      const placed: Order[] = [];
      await inParallel(50, crowd, async (n) => {
        placed.push(
          await shop.place(cart(n % 2 ? 'TEE-01' : 'PEN-01', 1 + (n % 3), tokens[n % tokens.length])),
        );
      });
      await Promise.all(placed.slice(0, 10).map(({ id }) => shop.cancel(id)));
      const orders = await shop.allEnded(placed);
      expect(orders.every(({ status }) => status !== 'pending')).toBe(true);
      await agree(shop);
    });

    const payments = async (id: string) =>
      (
        (await (await shop.ask('payment', `/payments?orderId=${id}`)).json()) as {
          data: { status: string; amount: number }[];
        }
      ).data;
    const told = async (id: string) =>
      (
        await shop.look(
          'order',
          (sql) => sql`select 1 from notices where order_id = ${id} and told_at is not null`,
        )
      ).length === 1;
    const reservations = async (id: string) =>
      (
        await shop.look<{ state: string }>(
          'stock',
          (sql) => sql`select state from reservations where order_id = ${id}`,
        )
      ).map(({ state }) => state);
    const unheeded = async (id: string) =>
      (
        await shop.look<{ cause: string }>(
          'order',
          (sql) =>
            sql`select cause ->> 'id' as cause from order_history where order_id = ${id} and not heeded order by seq`,
        )
      ).map(({ cause }) => cause);
    /** What was planted is cleared away again: at the end the audit finds nothing. */
    const discardAll = () => shop.look('order', (sql) => sql`delete from inbox_failures`);
    const deadFailures = async () =>
      (
        await shop.look<{ error: string }>(
          'order',
          (sql) => sql`select error from inbox_failures where next_attempt_at is null`,
        )
      ).map(({ error }) => error);
    const unknownOrders = async (id: string) =>
      (
        await shop.look<{ seen: number }>(
          'order',
          (sql) => sql`select seen from inbox_failures where subject = ${id}`,
        )
      )[0]?.seen ?? 0;
  });
}
