import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newSecret, signed } from './signing.ts';

const body = JSON.stringify({ type: 'order.confirmed', data: { name: 'Bücher & Köpfe' } });
const message = { id: '01a20d4e-2116-73a4-ac27-ca1dece9e99f', at: new Date(), body };

test('who has the secret can verify', () => {
  const secret = newSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(new Webhook(secret).verify(body, signed(message, [secret]))).toEqual(JSON.parse(body));
});

test('while a secret is replaced both verify, a third does not', () => {
  const [old, fresh, other] = [newSecret(), newSecret(), newSecret()];
  const headers = signed(message, [fresh, old]);
  for (const secret of [old, fresh]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  expect(() => new Webhook(other).verify(body, headers)).toThrow('No matching signature found');
});

test.each([
  ['the body', body.replace('confirmed', 'rejected'), {}],
  ['the id', body, { 'webhook-id': '01a20d4e-2116-73a4-ac27-ca1dece9e990' }],
  ['the time', body, { 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) - 100) }],
])('%s is signed', (_, received, change) => {
  const secret = newSecret();
  const headers = { ...signed(message, [secret]), ...change };
  expect(() => new Webhook(secret).verify(received, headers)).toThrow('No matching signature found');
});
