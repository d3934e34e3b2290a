import { connect } from 'node:net';
import { Hono } from 'hono';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import {
  body,
  createApp,
  cursor,
  Limit,
  listen,
  openToAll,
  PortInUse,
  page,
  param,
  problem,
  query,
} from './index.ts';

const Thing = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(5)),
  parts: v.pipe(
    v.array(v.strictObject({ count: v.pipe(v.number(), v.minValue(1)) })),
    v.minLength(1, 'must have a part'),
  ),
  kind: v.optional(v.picklist(['big', 'small'])),
});

const errors: unknown[] = [];
let ready = true;

const routes = new Hono();
routes.post('/things', body(Thing), (c) => c.json(c.req.valid('json'), 201));
routes.get(
  '/things',
  query(v.strictObject({ limit: Limit, after: cursor(v.pipe(v.string(), v.regex(/^\d+$/))) })),
  (c) => {
    const { limit, after } = c.req.valid('query');
    const from = Number(after ?? 0);
    const rows = Array.from({ length: 7 }, (_, n) => n + 1).filter((n) => n > from);
    return c.json(page(rows.slice(0, limit + 1), limit, (n) => String(n)));
  },
);
routes.get('/things/:id', param(v.object({ id: v.pipe(v.string(), v.uuid()) })), (c) =>
  c.json(c.req.valid('param')),
);
routes.get('/broken', () => {
  throw new Error('secret');
});
routes.get('/away', () => {
  throw Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
});
routes.get('/slow', async (c) => {
  await slow.begun();
  return c.text('done');
});

/** A request that the test holds up. */
const slow = {
  begun: async () => {},
};

const app = createApp({
  guard: openToAll,
  routes: [routes],
  ready: async () => [{ name: 'database', ok: ready }],
  onError: (error) => errors.push(error),
});

afterEach(() => {
  errors.length = 0;
  ready = true;
});

const good = { name: 'table', parts: [{ count: 4 }] };
const post = (content: string | Uint8Array<ArrayBuffer>, type = 'application/json') =>
  app.request('/things', { method: 'POST', headers: { 'content-type': type }, body: content });
const faults = async (response: Response) => ((await response.json()) as { errors: object[] }).errors;

describe('a body', () => {
  test('that fits is let in, with a charset too', async () => {
    expect((await post(JSON.stringify(good))).status).toBe(201);
    const response = await post(JSON.stringify(good), 'application/json; charset=utf-8');
    expect(await response.json()).toEqual(good);
  });

  test.each([
    ['text', 'text/plain', 415],
    ['another JSON', 'application/merge-patch+json', 415],
  ])('of %s is refused', async (_, type, status) => expect((await post('{}', type)).status).toBe(status));

  test.each([
    ['no JSON', '{oops'],
    ['nothing', ''],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('that is %s is a 400', async (_, content) => {
    const response = await post(content);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      type: '/problems/body_not_json',
      status: 400,
      code: 'body_not_json',
      title: 'The body is not JSON',
    });
  });

  test.each([
    ['a missing property', { parts: [{ count: 1 }] }, [{ pointer: '/name', detail: 'is required' }]],
    [
      'an unknown property',
      { ...good, 'a/b~c': 1 },
      [{ pointer: '/a~1b~0c', detail: 'is not a known property' }],
    ],
    [
      'several unknown properties, also further in',
      { ...JSON.parse('{"__proto__":1,"x":1}'), ...good, parts: [{ count: 4, y: 1, z: 1 }] },
      ['/parts/0/y', '/parts/0/z', '/__proto__', '/x'].map((pointer) => ({
        pointer,
        detail: 'is not a known property',
      })),
    ],
    ['the wrong type', { ...good, name: 7 }, [{ pointer: '/name', detail: 'must be a string' }]],
    [
      'too long a text',
      { ...good, name: 'tables' },
      [{ pointer: '/name', detail: 'must have at most 5 characters' }],
    ],
    [
      'too small a number',
      { ...good, parts: [{ count: 0 }] },
      [{ pointer: '/parts/0/count', detail: 'must be at least 1' }],
    ],
    ['too short a list', { ...good, parts: [] }, [{ pointer: '/parts', detail: 'must have a part' }]],
    ['another word', { ...good, kind: 'huge' }, [{ pointer: '/kind', detail: 'must be one of big, small' }]],
    ['no object', 7, [{ pointer: '', detail: 'must be an object' }]],
    [
      'several faults',
      { name: 7, parts: [{ count: 0 }, {}] },
      [
        { pointer: '/name', detail: 'must be a string' },
        { pointer: '/parts/0/count', detail: 'must be at least 1' },
        { pointer: '/parts/1/count', detail: 'is required' },
      ],
    ],
  ])('with %s names it', async (_, content, expected) => {
    const response = await post(JSON.stringify(content));
    expect(response.status).toBe(422);
    expect(await faults(response)).toEqual(expected);
  });

  test('with thousands of faults names a hundred', async () => {
    const response = await post(
      JSON.stringify({ ...good, parts: Array.from({ length: 5_000 }, () => ({ count: 0 })) }),
    );
    expect(await faults(response)).toHaveLength(100);
  });

  test('cannot reach the prototype', async () => {
    const response = await post('{"name":"table","parts":[{"count":1}],"__proto__":{"polluted":true}}');
    expect(response.status).toBe(422);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a list', () => {
  const get = async (path: string) => app.request(path);

  test('comes page by page', async () => {
    const first = (await (await get('/things?limit=3')).json()) as { data: number[]; nextCursor: string };
    expect(first.data).toEqual([1, 2, 3]);
    const second = (await (await get(`/things?limit=4&after=${first.nextCursor}`)).json()) as object;
    expect(second).toEqual({ data: [4, 5, 6, 7], nextCursor: null });
  });

  test('has 50 rows unless told, and 100 at most, whatever is asked for', () => {
    expect(v.parse(Limit, undefined)).toBe(50);
    expect(v.parse(Limit, '100')).toBe(100);
    expect(v.parse(Limit, '5000')).toBe(100);
  });

  test.each([
    'limit=0',
    'limit=-1',
    'limit=x',
    'after=x',
    'after=W10',
    'after=AAAA',
    'colour=red',
    'limit=1&limit=2',
  ])('?%s is a 422', async (text) => {
    const response = await get(`/things?${text}`);
    expect(response.status).toBe(422);
    expect(await faults(response)).toEqual([{ parameter: text.split('=')[0], detail: expect.any(String) }]);
  });
});

describe('routes', () => {
  test('a path that cannot be is not found', async () =>
    expect((await app.request('/things/7')).status).toBe(404));

  test.each(['/nowhere', '/things/7/8/9', '/things/', '//things'])(
    '%s is unknown: a problem',
    async (path) => {
      const response = await app.request(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ title: 'There is no such route', status: 404 });
    },
  );

  test('a HEAD is answered as its GET is, without the body', async () => {
    const statuses = ['/things', '/nowhere', '/things/7'].map(
      async (path) => (await app.request(path, { method: 'HEAD' })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 404, 404]);
  });

  test.each([
    ['DELETE', '/things', 'POST, GET, HEAD, OPTIONS'],
    ['PUT', '/things/0199c8a2-0000-7000-8000-000000000000', 'GET, HEAD, OPTIONS'],
  ])('%s %s is not allowed, and what is is said', async (method, path, allow) => {
    const response = await app.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
  });

  test('OPTIONS says what is allowed', async () => {
    const response = await app.request('/things', { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
  });

  test('a failure tells its operator everything and the world nothing', async () => {
    const response = await app.request('/broken');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(errors).toEqual([new Error('secret')]);
  });

  test('a database that is away is a 503 that says when to come again', async () => {
    const response = await app.request('/away');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  test('health', async () => {
    expect((await app.request('/livez')).status).toBe(200);
    expect((await app.request('/readyz')).status).toBe(200);
    ready = false;
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ok: false, checks: [{ name: 'database', ok: false }] });
    expect((await app.request('/livez')).headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('a problem says what it is, where that is explained, and what the log calls the request', async () => {
    const own = new Hono().get('/', (c) => problem(c, 'audit_running', { detail: 'Since noon.' }));
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const told = await (await own.request('/', { headers })).json();
    expect(told).toEqual({
      type: '/problems/audit_running',
      title: 'An audit is running',
      status: 409,
      code: 'audit_running',
      detail: 'Since noon.',
      traceId,
    });
    const page = await app.request((told as { type: string }).type);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('409: An audit is running.');
    expect((await app.request('/problems/no_such_code')).status).toBe(404);
  });

  test('a request without a trace gets an id of its own, the same in the log', async () => {
    const traceIds: string[] = [];
    const failing = createApp({
      routes: [
        new Hono().get('/', () => {
          throw new Error('a mistake');
        }),
      ],
      ready: async () => [],
      guard: openToAll,
      onError: (_, { traceId }) => traceIds.push(traceId),
    });
    const told = (await (await failing.request('/', { headers: { traceparent: 'nonsense' } })).json()) as {
      traceId: string;
    };
    expect(told.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceIds).toEqual([told.traceId]);
  });

  test('the docs list every problem', async () => {
    // `npx vitest run --project unit src/http/http.test.ts -u` writes them.
    await expect(await (await app.request('/problems')).text()).toMatchFileSnapshot('../../docs/problems.md');
  });
});

describe('a server', () => {
  const start = () => listen(app, { host: '127.0.0.1', port: 0 });
  const tooMuch = `{"name":"${'x'.repeat(300_000)}"}`;

  test('refuses a body that says it is too large, without reading it', async () => {
    const server = await start();
    const response = await fetch(`${server.url}/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: tooMuch,
    });
    expect(response.status).toBe(413);
    await server.close({ graceMs: 1_000 });
  });

  test('stops reading a body that does not say how large it is', async () => {
    const server = await start();
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(
        'POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
      );
      const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
      // Never ended: the answer must come while the sender still sends.
      for (let n = 0; n < 8; n += 1) socket.write(chunk);
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once('error', reject);
    });
    expect(answer).toContain('HTTP/1.1 413');
    await server.close({ graceMs: 1_000 });
  });

  test.each([
    ['of a known length', 'content-length: 100\r\n\r\n{'],
    ['of an unknown length', 'transfer-encoding: chunked\r\n\r\n5\r\n{"nam'],
  ])('a sender who leaves in the middle of a body %s is no failure of ours', async (_, rest) => {
    const server = await start();
    const { port } = new URL(server.url);
    const begun = errors.length;
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${rest}`, () =>
      socket.resetAndDestroy(),
    );
    await new Promise((resolve) => socket.once('close', resolve));
    // Waits for the request in hand.
    await server.close({ graceMs: 5_000 });
    expect(errors).toHaveLength(begun);
  });

  test('says that a port is in use', async () => {
    const server = await start();
    const port = Number(new URL(server.url).port);
    await expect(listen(app, { host: '127.0.0.1', port })).rejects.toThrow(PortInUse);
    await expect(listen(app, { host: '127.0.0.1', port })).rejects.toThrow(String(port));
    await server.close({ graceMs: 1_000 });
  });

  test('a close waits for the request in hand, and not for connections that are only kept alive', async () => {
    const server = await start();
    await (await fetch(`${server.url}/livez`)).text();
    let release = () => {};
    const entered = new Promise<void>((resolveEntered) => {
      slow.begun = () =>
        new Promise<void>((resolve) => {
          release = resolve;
          resolveEntered();
        });
    });
    const answer = fetch(`${server.url}/slow`);
    await entered;
    const closed = server.close({ graceMs: 30_000 });
    release();
    expect(await (await answer).text()).toBe('done');
    await closed;
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
  });

  test('a close gives up what hangs', async () => {
    const server = await start();
    const entered = new Promise<void>((resolve) => {
      slow.begun = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const answer = fetch(`${server.url}/slow`).catch((error: Error) => error);
    await entered;
    await server.close({ graceMs: 50 });
    expect(await answer).toBeInstanceOf(Error);
  });
});
