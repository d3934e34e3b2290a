import { connect } from 'node:net';
import { Hono } from 'hono';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { OutcomeUnknown } from '../outbox/index.ts';
import { body, createAdmission, createApp, type Listening, listen, openToAll } from './index.ts';

/** Requests that are in the handler's hands until the test lets go of them. */
let inHand: { readonly limits: { readonly deadlineMs: number }; answer(error?: Error): void }[] = [];
const listening: Listening[] = [];

afterEach(async () => {
  for (const { answer } of inHand) answer();
  inHand = [];
  await Promise.all(listening.splice(0).map((server) => server.close({ graceMs: 1_000 })));
});

function shopWith(options: { readonly maxInHand?: number; readonly budgetMs?: number }) {
  const errors: unknown[] = [];
  const routes = new Hono();
  const admitted = createAdmission(options);
  routes.on(['GET', 'POST'], '/slow', admitted, async (c) => {
    await new Promise<void>((resolve, reject) =>
      inHand.push({
        limits: c.get('limits'),
        answer: (error) => (error ? reject(error) : resolve()),
      }),
    );
    return c.text('done');
  });
  routes.post('/things', body(v.strictObject({})), admitted, (c) => c.text('done'));
  const app = createApp({
    routes: [routes],
    guard: openToAll,
    ready: async () => [],
    onError: (error) => errors.push(error),
  });
  return { app, errors };
}

const arrived = (count: number) => expect.poll(() => inHand.length).toBe(count);

describe('admission', () => {
  test('gives a deadline', async () => {
    const { app } = shopWith({ budgetMs: 700 });
    const beforeMs = performance.now();
    const answer = app.request('/slow');
    await arrived(1);
    expect(inHand[0]?.limits.deadlineMs).toBeGreaterThanOrEqual(beforeMs + 700);
    expect(inHand[0]?.limits.deadlineMs).toBeLessThanOrEqual(performance.now() + 700);
    inHand[0]?.answer();
    await answer;
  });

  test('who steps aside to wait does not count meanwhile, and comes back with all of his time', async () => {
    const routes = new Hono();
    let go = () => {};
    const told: number[] = [];
    const waiting = new Promise<void>((resolve) => {
      go = resolve;
    });
    routes.get('/', createAdmission({ maxInHand: 1, budgetMs: 700 }), async (c) => {
      await c.get('aside')(() => waiting);
      told.push(c.get('limits').deadlineMs);
      return c.text('done');
    });
    const both = [routes.request('/'), routes.request('/')];
    const beforeMs = performance.now();
    go();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect(Math.min(...told)).toBeGreaterThanOrEqual(beforeMs + 700);
  });

  test('one too many is told so at once, and comes in when another is answered, well or ill', async () => {
    const { app } = shopWith({ maxInHand: 2 });
    const first = [app.request('/slow'), app.request('/slow')];
    await arrived(2);
    const refused = await app.request('/slow');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ title: 'Too many requests at once' });
    expect((await app.request('/livez')).status).toBe(200);
    expect((await app.request('/readyz')).status).toBe(200);
    inHand[0]?.answer();
    inHand[1]?.answer(new Error('no'));
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 500]);
    const next = [app.request('/slow'), app.request('/slow')];
    await arrived(4);
    for (const { answer } of inHand) answer();
    expect((await Promise.all(next)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test('a body that is still on its way takes no place', async () => {
    const { app } = shopWith({ maxInHand: 1 });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    listening.push(server);
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    slow.write(
      'POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{',
    );
    const swift = await fetch(`${server.url}/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(swift.status).toBe(200);
    slow.destroy();
  });

  test('a client that hangs up frees its place when its request is done, and nobody is alarmed', async () => {
    const { app, errors } = shopWith({ maxInHand: 1 });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    listening.push(server);
    const hangUp = new AbortController();
    const gone = fetch(`${server.url}/slow`, { signal: hangUp.signal }).catch(() => 'gone');
    await arrived(1);
    hangUp.abort();
    expect(await gone).toBe('gone');
    inHand[0]?.answer();
    await expect
      .poll(async () => {
        const answer = fetch(`${server.url}/things`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
        return (await answer).status;
      })
      .toBe(200);
    expect(errors).toEqual([]);
  });
});

describe('an outcome that nobody knows', () => {
  test.each([
    ['POST', 'It is not known whether this was done'],
    ['GET', 'The service cannot answer now'],
  ])('of %s is a 503: %s', async (method, title) => {
    const { app } = shopWith({});
    const answer = app.request('/slow', { method });
    await arrived(1);
    inHand[0]?.answer(new OutcomeUnknown());
    expect((await answer).status).toBe(503);
    expect((await answer).headers.get('retry-after')).toBe('1');
    expect(await (await answer).json()).toMatchObject({ title });
  });
});
