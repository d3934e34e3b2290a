import { describe, expect, test } from 'vitest';
import { mailOf, masked, payloadOf, type Told } from './content.ts';

const told: Told = {
  orderId: '01a20d4e-2116-73a4-ac27-ca1dece9e99f',
  customerId: 'cus_1',
  status: 'confirmed',
  reason: null,
  lines: [
    { sku: 'MUG-01', name: 'Mug', quantity: 2, unitPrice: 1250 },
    { sku: 'X', name: '<b>&"x"', quantity: 1, unitPrice: 5 },
  ],
  total: 2505,
  currency: 'EUR',
  placedAt: new Date('2026-01-01T10:00:00.000Z'),
  decidedAt: new Date('2026-01-01T10:00:01.000Z'),
};

test('a webhook says type, time and order', () =>
  expect(payloadOf(told)).toEqual({
    type: 'order.confirmed',
    timestamp: '2026-01-01T10:00:01.000Z',
    data: {
      id: told.orderId,
      customerId: 'cus_1',
      status: 'confirmed',
      reason: null,
      lines: told.lines,
      total: 2505,
      currency: 'EUR',
      createdAt: '2026-01-01T10:00:00.000Z',
    },
  }));

describe('a mail', () => {
  test('says what was ordered and what it costs', () => {
    const { subject, text } = mailOf(told);
    expect(subject).toBe(`Your order is confirmed (${told.orderId})`);
    expect(text).toContain('2 × Mug: EUR 25.00\n1 × <b>&"x": EUR 0.05\n\nTotal: EUR 25.05');
  });

  test('says why not', () => {
    const reason = { code: 'payment_declined', detail: 'insufficient_funds' } as const;
    const { subject, text, html } = mailOf({ ...told, status: 'rejected', reason });
    expect(subject).toContain('Your order is rejected');
    for (const said of [text, html]) expect(said).toContain('The payment was declined. You are not charged');
  });

  test('a name is no markup', () => {
    const { html } = mailOf(told);
    expect(html).toContain('1 × &lt;b&gt;&amp;&quot;x&quot;');
    expect(html).not.toContain('<b>');
  });

  test.each([
    ['JPY', 'JPY 2,505'],
    ['KWD', 'KWD 2.505'],
    ['XXX', 'XXX 25.05'],
  ])('an amount in %s has its digits', (currency, total) =>
    expect(mailOf({ ...told, currency }).text).toContain(`Total: ${total}`),
  );
});

test.each([
  ['jane.doe@mail.example.com', 'j***@***.com'],
  ['j@example.com', '***@***.com'],
  ['jane@localhost', 'j***@***'],
])('%s is masked', (address, mask) => expect(masked(address)).toBe(mask));
