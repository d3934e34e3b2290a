/** Against a real server: what an identity provider does to those who depend on it. */
import { afterAll, beforeEach, expect, test } from 'vitest';
import {
  audience,
  issuer,
  makeKey,
  type SigningKey,
  startIdentityProvider,
} from '../../test/support/identity-provider.ts';
import { createVerifier } from './tokens.ts';

const provider = await startIdentityProvider();
afterAll(() => provider.close());
const [old, young] = await Promise.all([makeKey('old'), makeKey('young')]);
const troubles: unknown[] = [];
let nowMs = 0;

beforeEach(() => {
  provider.keys = [old.published];
  provider.asked = 0;
  provider.recover();
  troubles.length = 0;
  nowMs = 5_000_000;
});

const times = {
  freshMs: 600_000,
  usableMs: 3_600_000,
  cooldownMs: 30_000,
  retryMs: 1_000,
  timeoutMs: 30_000,
};

function open(changed: Partial<typeof times> = {}) {
  const verify = createVerifier(
    { jwksUrl: provider.url, issuer, audience },
    { onTrouble: (error) => troubles.push(error), times: { ...times, ...changed }, now: () => nowMs },
  );
  return async (key: SigningKey): Promise<string> =>
    Object.keys(await verify(await key.sign({ sub: 'cus_1', scope: 'orders' }))).join();
}

const fail = () => {
  provider.answer = (response) => response.writeHead(500).end();
};

test('keys are fetched once, also by those who come together', async () => {
  const look = open();
  expect(await Promise.all([look(old), look(old), look(old)])).toEqual(['identity', 'identity', 'identity']);
  expect(await look(old)).toBe('identity');
  expect(provider.asked).toBe(1);
});

test('a new key is found when it is first used; for an unknown one is asked at most once in a while', async () => {
  const look = open();
  await look(old);
  provider.keys = [old.published, young.published];
  expect(await look(young)).toBe('invalid');
  expect(provider.asked).toBe(1);
  nowMs += times.cooldownMs;
  expect(await Promise.all([look(young), look(young)])).toEqual(['identity', 'identity']);
  expect(provider.asked).toBe(2);
  nowMs += times.cooldownMs;
  const stranger = await makeKey('stranger');
  expect(await Promise.all([look(stranger), look(stranger)])).toEqual(['invalid', 'invalid']);
  expect(await look(stranger)).toBe('invalid');
  expect(provider.asked).toBe(3);
});

test('a withdrawn key is forgotten: keys are fetched again when they are old, while nobody waits', async () => {
  const look = open();
  await look(old);
  provider.keys = [young.published];
  nowMs += times.freshMs;
  // This one still meets the old keys; what it has begun is awaited by its effect.
  expect(await look(old)).toBe('identity');
  await expect.poll(() => look(old)).toBe('invalid');
  expect(await look(young)).toBe('identity');
  expect(provider.asked).toBe(2);
});

test('keys that cannot be fetched let nobody in, and are not asked for at once again', async () => {
  fail();
  const look = open();
  expect(await look(old)).toBe('unavailable');
  expect(await look(old)).toBe('unavailable');
  expect(provider.asked).toBe(1);
  expect(troubles).toEqual([new Error('the keys are answered with 500')]);
  provider.recover();
  nowMs += times.retryMs;
  expect(await look(old)).toBe('identity');
});

test('an identity provider may be away for an hour: known keys vouch, an unknown one may be new', async () => {
  const look = open();
  await look(old);
  fail();
  nowMs += times.usableMs - 1;
  expect(await look(old)).toBe('identity');
  await expect.poll(() => troubles.length).toBe(1);
  expect(await look(young)).toBe('unavailable');
  nowMs += 1;
  expect(await look(old)).toBe('unavailable');
});

test.each<[string, typeof provider.answer]>([
  ['nothing', () => {}],
  ['no JSON', (response) => response.end('<html>')],
  ['no keys', (response) => response.end('{"keys":7}')],
  [
    'an answer without an end',
    (response) => {
      const more = () => response.write('x'.repeat(65_536), (error) => error || more());
      more();
    },
  ],
  [
    'another address, where keys are',
    (response) =>
      response.req.url === '/keys'
        ? response.writeHead(302, { location: '/elsewhere' }).end()
        : response.end(JSON.stringify({ keys: [old.published] })),
  ],
  ['a private key', (response) => response.end(JSON.stringify({ keys: [{ ...old.published, d: 'AQAB' }] }))],
  ['a broken key', (response) => response.end(JSON.stringify({ keys: [{ ...old.published, x: 'AQAB' }] }))],
])('a provider that answers with %s vouches for nobody', async (_, answer) => {
  provider.answer = answer;
  expect(await open({ timeoutMs: 200 })(old)).toBe('unavailable');
});
