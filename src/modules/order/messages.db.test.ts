import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { message, openOrder } from '../../../test/support/order.ts';

const { database, get, history, orderRow, placed, receive, said, sendAll } = await openOrder();

describe('the saga in the database', () => {
  test('reserved and authorized: confirmed, and the customer is to be told', async () => {
    const id = await placed();
    await receive(message('stock.reserved', id));
    expect(await orderRow(id)).toMatchObject({ step: 'authorizing_payment', payment_token: 'tok_visa' });
    await receive(message('payment.authorized', id));
    expect(await orderRow(id)).toMatchObject({
      status: 'confirmed',
      payment_token: null,
      deadline_at: null,
      command_id: null,
    });
    expect(await said()).toEqual(['stock.reserve', 'payment.authorize', 'order.confirmed']);
    expect(await database.query((sql) => sql`select order_id, status from notices`)).toEqual([
      { order_id: id, status: 'confirmed' },
    ]);
    expect((await history(id)).map(({ event }) => event)).toEqual([
      'place',
      'stock.reserved',
      'payment.authorized',
    ]);
  });

  test('both answers of one order in one batch are folded in their order', async () => {
    const id = await placed();
    await receive(
      message('stock.reserved', id),
      message('payment.declined', id, { declineCode: 'card_declined' }),
    );
    expect(await get(id)).toMatchObject({
      status: 'rejected',
      step: 'releasing_stock',
      reason: { code: 'payment_declined' },
    });
    expect(await said()).toEqual(['stock.reserve', 'payment.authorize', 'stock.release', 'order.rejected']);
    expect((await history(id)).map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'place'],
      [2, 'stock.reserved'],
      [3, 'payment.declined'],
    ]);
  });

  test('a late answer is remembered and changes nothing', async () => {
    const id = await placed();
    await receive(message('stock.reserved', id));
    const before = await orderRow(id);
    const late = message('stock.reserved', id);
    await receive(late);
    expect(await orderRow(id)).toEqual(before);
    expect((await history(id)).at(-1)).toMatchObject({
      event: 'stock.reserved',
      heeded: false,
      sent: [],
      cause: { id: late.id },
    });
  });

  test('an impossible answer, and one for an order that is not known, are failures', async () => {
    const id = await placed();
    await expect(receive(message('payment.authorized', id))).rejects.toThrow('cannot answer anything');
    await expect(receive(message('stock.reserved', uuidv7()))).rejects.toThrow('is not known here');
  });

  test('a history ends after 200 entries, the order does not', async () => {
    const id = await placed();
    await receive(...Array.from({ length: 250 }, () => message('stock.reserved', id)));
    expect(await history(id)).toHaveLength(200);
    await receive(message('payment.authorized', id));
    expect(await get(id)).toMatchObject({ status: 'confirmed' });
  });
});

describe('inquiries', () => {
  test('are answered by step, and an order that is not known is a failure', async () => {
    const id = await placed();
    await sendAll();
    await receive(message('order.inquire', id, { participant: 'stock' }));
    expect(await said()).toEqual([]);
    await receive(message('stock.reserved', id), message('payment.authorized', id));
    await sendAll();
    await receive(message('order.inquire', id, { participant: 'stock' }));
    expect(await said()).toEqual(['order.confirmed']);
    await expect(receive(message('order.inquire', uuidv7(), { participant: 'stock' }))).rejects.toThrow(
      'is not known here',
    );
  });
});
