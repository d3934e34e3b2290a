import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createRateLimit, networkOf } from './rate.ts';

/** A door at which `?caller=` asks. */
function open(perMinute: number, maxCallers?: number) {
  let nowMs = 1_000_000;
  const limit = createRateLimit({ perMinute, now: () => nowMs, ...(maxCallers && { maxCallers }) });
  const door = new Hono().get('/', (c) => limit(c, c.req.query('caller') ?? '') ?? c.text('done'));
  return {
    ask: async (caller: string) => door.request(`/?caller=${caller}`),
    status: async (caller: string) => (await door.request(`/?caller=${caller}`)).status,
    wait: (seconds: number) => {
      nowMs += seconds * 1_000;
    },
  };
}

test('every answer says how many are left, and for how long', async () => {
  const { ask, wait } = open(3);
  const first = await ask('a');
  expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=3;w=60');
  expect(first.headers.get('ratelimit')).toBe('"requests";r=2;t=60');
  expect(first.headers.get('retry-after')).toBeNull();
  wait(20.5);
  expect((await ask('a')).headers.get('ratelimit')).toBe('"requests";r=1;t=40');
});

test('one too many is a 429 that says when to come again, and then it is so', async () => {
  const { ask, status, wait } = open(2);
  await ask('a');
  await ask('a');
  wait(45);
  const refused = await ask('a');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('15');
  expect(refused.headers.get('ratelimit')).toBe('"requests";r=0;t=15');
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(await refused.json()).toMatchObject({ status: 429, title: 'Too many requests' });
  wait(14.9);
  expect(await status('a')).toBe(429);
  wait(0.2);
  expect((await ask('a')).headers.get('ratelimit')).toBe('"requests";r=1;t=60');
});

test('callers do not take from each other', async () => {
  const { status } = open(1);
  expect([await status('a'), await status('b'), await status('a')]).toEqual([200, 200, 429]);
});

test('as many callers are remembered as there is room for: whose minute ends first is forgotten', async () => {
  const { status } = open(1, 2);
  expect([await status('a'), await status('b'), await status('c')]).toEqual([200, 200, 200]);
  expect([await status('b'), await status('c')]).toEqual([429, 429]);
  expect(await status('a')).toBe(200);
});

test('who comes again after his minute is the youngest, not the eldest', async () => {
  const { status, wait } = open(1, 2);
  await status('a');
  wait(30);
  await status('b');
  wait(31);
  expect(await status('a')).toBe(200);
  expect(await status('c')).toBe(200);
  expect(await status('a')).toBe(429);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s belongs to %s', (address, network) => expect(networkOf(address)).toBe(network));
