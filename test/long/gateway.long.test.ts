/** The shop in three processes, and a card processor that is a fourth: over HTTP, with its own ledger. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agree, held } from '../support/agreement.ts';
import { openVhost } from '../support/node.ts';
import { type Program, startProgram } from '../support/program.ts';
import { cart, openShop, type Shop } from '../support/shop.ts';

const amqpUrl = await openVhost();

describe.skipIf(amqpUrl === undefined)('over HTTP', () => {
  const token = 'secret-of-the-shop';
  let simulator: Program;
  let shop: Shop;

  beforeAll(async () => {
    simulator = await startProgram({ GATEWAY_TOKEN: token }, { args: ['gateway-simulator'] });
    shop = await openShop('split', amqpUrl ?? '', {
      PAYMENT_GATEWAY: 'http',
      GATEWAY_URL: simulator.url,
      GATEWAY_TOKEN: token,
      // A machine that stands still must not be a card processor that does: how often it is asked is counted.
      GATEWAY_TIMEOUT_SECONDS: '4',
    });
    await shop.opened();
  });

  afterAll(async () => {
    await shop.stop();
    expect(await simulator.end()).toBe(0);
  });

  /** What the card processor has done about an order, in its order, and how often it was asked. */
  const ledger = async (id: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${simulator.url}/ledger?orderId=${id}`, { headers });
    const { data } = (await response.json()) as {
      data: { operation: string; amount: number; asks: number; done: boolean; declineCode: string | null }[];
    };
    return data.reverse();
  };

  test('confirmed: authorized and captured for its total', async () => {
    const { id } = await shop.place(cart('MUG-01', 3));
    expect(await shop.ended(id)).toMatchObject({ status: 'confirmed' });
    await expect
      .poll(() => ledger(id))
      .toMatchObject([
        { operation: 'authorize', amount: 3750, asks: 1, done: true },
        { operation: 'capture', amount: 3750, asks: 1, done: true },
      ]);
  });

  test('declined: rejected, and the card processor knows why', async () => {
    const { id } = await shop.place(cart('MUG-01', 1, 'tok_insufficient_funds'));
    expect(await shop.ended(id)).toMatchObject({ status: 'rejected', reason: { code: 'payment_declined' } });
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize', declineCode: 'insufficient_funds' }]);
  });

  test('no answer at first: asked again with the same key, charged once', async () => {
    const { id } = await shop.place(cart('PEN-01', 1, 'tok_timeout'));
    expect(await shop.ended(id)).toMatchObject({ status: 'confirmed' });
    await expect
      .poll(() => ledger(id))
      .toMatchObject([
        { operation: 'authorize', asks: 2 },
        { operation: 'capture', asks: 1, done: true },
      ]);
  });

  test('cancelled while the card processor does not answer: voided', async () => {
    const { id } = await shop.place(cart('PEN-01', 1, 'tok_timeout'));
    await expect.poll(() => ledger(id)).toMatchObject([{ operation: 'authorize', asks: 1 }]);
    expect((await shop.cancel(id)).status).toBe(202);
    expect(await shop.ended(id)).toMatchObject({ status: 'cancelled' });
    expect(await ledger(id)).toMatchObject([
      { operation: 'authorize', asks: 2 },
      { operation: 'void', done: true },
    ]);
    await expect.poll(() => held(shop)).toEqual({ reservations: 0, payments: 0, reserved: 0 });
    await agree(shop);
  });
});
