/** What the contracts refuse: no row could hold it, or no row should. */
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { paymentCommands, paymentReplies } from './payment.ts';
import { stockEvents, stockReplies } from './stock.ts';

const subject = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';
const product = { sku: 'MUG-01', name: 'Mug', unitPrice: 1250, currency: 'EUR', version: 1 };

/** Every text that a message may bring, in a message that is well but for it. */
const texts: readonly (readonly [
  where: string,
  schema: v.GenericSchema,
  message: (text: string) => object,
])[] = [
  ['a name', stockEvents['product.changed'], (name) => ({ subject: 'MUG-01', data: { ...product, name } })],
  [
    'a listed name',
    stockReplies['stock.products_listed'],
    (name) => ({ subject: 'products', data: { products: [{ ...product, name }], last: true } }),
  ],
  [
    'a reason',
    stockReplies['stock.rejected'],
    (detail) => ({ subject, data: { reason: { code: 'out_of_stock', detail } } }),
  ],
  [
    'a payment token',
    paymentCommands['payment.authorize'],
    (paymentToken) => ({ subject, data: { amount: 1, currency: 'EUR', paymentToken } }),
  ],
  [
    'a decline code',
    paymentReplies['payment.declined'],
    (declineCode) => ({ subject, data: { declineCode } }),
  ],
];

describe.each(texts)('%s', (_, schema, message) => {
  test('is let in as text', () => expect(v.is(schema, message('Zoë 💥'))).toBe(true));

  test.each([
    ['nothing', ''],
    ['a NUL', 'a\u0000'],
    ['half a surrogate pair', '\ud800'],
    ['without end', 'x'.repeat(501)],
  ])('is refused as %s', (_, text) => expect(v.is(schema, message(text))).toBe(false));
});
