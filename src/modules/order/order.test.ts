import { describe, expect, test } from 'vitest';
import type { ListedProduct } from '../../contracts/stock.ts';
import { answerInquiry, type Decision, decide, expire, type Order, place, waitSeconds } from './order.ts';

const mug: ListedProduct = { sku: 'MUG-01', name: 'Mug', unitPrice: 1250, currency: 'EUR', version: 1 };
const pen: ListedProduct = { sku: 'PEN-01', name: 'Pen', unitPrice: 300, currency: 'EUR', version: 1 };
const tee: ListedProduct = { sku: 'TEE-01', name: 'Tee', unitPrice: 2000, currency: 'USD', version: 1 };
const products = new Map([mug, pen, tee].map((product) => [product.sku, product]));
const patience = { stepTimeoutSeconds: 30, stepMaxAttempts: 3 };

const placing = (...lines: { sku: string; quantity: number }[]) => ({
  customerId: 'cus_1',
  lines,
  paymentToken: 'tok_visa',
});

function placed(): Order {
  const decision = place(
    'order-1',
    placing({ sku: 'MUG-01', quantity: 2 }, { sku: 'PEN-01', quantity: 3 }),
    products,
  );
  if ('refused' in decision) throw new Error('refused');
  return decision.order;
}

function after(order: Order, ...triggers: Parameters<typeof decide>[1][]): Decision {
  let decision: Decision = { order, command: null, news: null };
  for (const trigger of triggers) {
    const next = decide(decision.order, trigger, { code: 'out_of_stock', detail: 'because' });
    if (typeof next === 'string') throw new Error(`${trigger} is ${next}`);
    decision = next;
  }
  return decision;
}

describe('place', () => {
  test('prices the lines, totals them and asks for the goods', () => {
    const decision = place(
      'order-1',
      placing({ sku: 'MUG-01', quantity: 2 }, { sku: 'PEN-01', quantity: 3 }),
      products,
    );
    expect(decision).toMatchObject({
      order: { status: 'pending', step: 'reserving_stock', total: 3400, currency: 'EUR', stepAttempts: 1 },
      command: {
        type: 'stock.reserve',
        data: {
          lines: [
            { sku: 'MUG-01', quantity: 2 },
            { sku: 'PEN-01', quantity: 3 },
          ],
        },
      },
      news: null,
    });
  });

  test('names every line that is not known', () => {
    expect(
      place(
        'o',
        placing({ sku: 'A', quantity: 1 }, { sku: 'MUG-01', quantity: 1 }, { sku: 'B', quantity: 1 }),
        products,
      ),
    ).toEqual({
      refused: [
        { line: 0, fault: 'unknown_product' },
        { line: 2, fault: 'unknown_product' },
      ],
    });
  });

  test('refuses lines in different currencies', () => {
    expect(
      place('o', placing({ sku: 'MUG-01', quantity: 1 }, { sku: 'TEE-01', quantity: 1 }), products),
    ).toEqual({
      refused: [{ line: 1, fault: 'other_currency' }],
    });
  });
});

describe('the way forward', () => {
  test('reserved: the payment is asked for, with the whole amount', () => {
    expect(after(placed(), 'stock.reserved')).toMatchObject({
      order: { step: 'authorizing_payment', status: 'pending', paymentToken: 'tok_visa' },
      command: {
        type: 'payment.authorize',
        data: { amount: 3400, currency: 'EUR', paymentToken: 'tok_visa' },
      },
      news: null,
    });
  });

  test('authorized: confirmed, told, and the token is gone', () => {
    expect(after(placed(), 'stock.reserved', 'payment.authorized')).toMatchObject({
      order: { step: 'done', status: 'confirmed', reason: null, paymentToken: null, stepAttempts: 0 },
      command: null,
      news: { type: 'order.confirmed', data: {} },
    });
  });
});

describe('the way back', () => {
  const reason = { code: 'out_of_stock', detail: 'because' };

  test('out of stock: rejected at once, nothing to undo', () => {
    expect(after(placed(), 'stock.rejected')).toMatchObject({
      order: { step: 'done', status: 'rejected', reason, paymentToken: null },
      command: null,
      news: { type: 'order.rejected', data: { reason } },
    });
  });

  test('declined: the goods are given back', () => {
    expect(after(placed(), 'stock.reserved', 'payment.declined')).toMatchObject({
      order: { step: 'releasing_stock', status: 'rejected', paymentToken: null },
      command: { type: 'stock.release' },
      news: { type: 'order.rejected' },
    });
  });

  test('cancelled while paying: first the money, then the goods, and the reason stays', () => {
    const cancelled = after(placed(), 'stock.reserved', 'cancel');
    expect(cancelled).toMatchObject({ command: { type: 'payment.void' }, news: { type: 'order.cancelled' } });
    expect(cancelled.order.paymentToken).toBeNull();
    const voided = after(cancelled.order, 'payment.voided');
    expect(voided).toMatchObject({ command: { type: 'stock.release' }, news: null, order: { reason } });
    expect(after(voided.order, 'stock.released')).toMatchObject({
      order: { step: 'done', reason },
      command: null,
      news: null,
    });
  });
});

describe('a deadline', () => {
  test('sends the command again and waits longer each time, up to ten times', () => {
    let order = placed();
    const waits = [waitSeconds(order, patience)];
    for (let i = 0; i < 5; i += 1) {
      const decision = expire(order, { ...patience, stepMaxAttempts: 100 });
      expect(decision.command?.type).toBe('stock.reserve');
      order = decision.order;
      waits.push(waitSeconds(order, patience));
    }
    expect(waits).toEqual([30, 60, 120, 240, 300, 300]);
  });

  test('a forward step turns back after its last attempt', () => {
    const second = expire(placed(), patience).order;
    const third = expire(second, patience).order;
    expect(third.stepAttempts).toBe(3);
    expect(expire(third, patience)).toMatchObject({
      order: { step: 'releasing_stock', status: 'rejected', reason: { code: 'timed_out' }, stepAttempts: 1 },
      command: { type: 'stock.release' },
      news: { type: 'order.rejected' },
    });
  });

  test('a step that undoes never gives up', () => {
    let { order } = after(placed(), 'cancel');
    for (let i = 0; i < 50; i += 1) order = expire(order, patience).order;
    expect(order).toMatchObject({ step: 'releasing_stock', status: 'cancelled', stepAttempts: 51 });
  });

  test('nothing is awaited at the end', () =>
    expect(waitSeconds(after(placed(), 'stock.rejected').order, patience)).toBeNull());
});

describe('an inquiry', () => {
  const answers = (order: Order) => [
    answerInquiry(order, 'stock')?.type,
    answerInquiry(order, 'payment')?.type,
  ];
  const cancelled = () => after(placed(), 'stock.reserved', 'cancel').order;

  test.each([
    ['reserving', placed, [undefined, undefined]],
    ['authorizing', () => after(placed(), 'stock.reserved').order, [undefined, undefined]],
    ['voiding', cancelled, [undefined, 'payment.void']],
    ['releasing', () => after(cancelled(), 'payment.voided').order, ['stock.release', 'payment.void']],
    [
      'undone',
      () => after(cancelled(), 'payment.voided', 'stock.released').order,
      ['stock.release', 'payment.void'],
    ],
    [
      'confirmed',
      () => after(placed(), 'stock.reserved', 'payment.authorized').order,
      ['order.confirmed', 'order.confirmed'],
    ],
  ] as const)('while %s', (_, order, expected) => expect(answers(order())).toEqual(expected));
});
