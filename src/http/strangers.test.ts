/** What strangers do to a server: they dawdle, they fall silent, they hang up. Raw sockets, short limits. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { body, createApp, type Listening, listen, openToAll, type ServerLimits } from './index.ts';

const errors: unknown[] = [];
const uncaught: unknown[] = [];
const onUncaught = (error: unknown) => uncaught.push(error);
const sockets: Socket[] = [];
let server: Listening;
/** The bodies that were read to their end. */
let read = 0;
let release = () => {};
let entered = () => {};

const routes = new Hono();
routes.post('/things', body(v.unknown()), (c) => {
  read += 1;
  return c.text('done');
});
routes.get('/large', (c) => c.text('x'.repeat(32 * 1_024 * 1_024)));
routes.get('/slow', async (c) => {
  await new Promise<void>((resolve) => {
    release = resolve;
    entered();
  });
  return c.text('done');
});
const app = createApp({
  routes: [routes],
  guard: openToAll,
  ready: async () => [],
  onError: (error) => errors.push(error),
});

const start = async (limits: Partial<ServerLimits>) => {
  server = await listen(app, { host: '127.0.0.1', port: 0, limits: { checkEveryMs: 20, ...limits } });
};

beforeEach(() => {
  process.on('uncaughtException', onUncaught);
  read = 0;
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close({ graceMs: 1_000 });
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
  expect(errors.splice(0)).toEqual([]);
});

/** A client that sends what it is told and remembers what it hears. */
function open() {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  socket.on('data', (bytes) => {
    heard += bytes;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  return { socket, closed, heard: () => heard };
}

const health = () =>
  fetch(`${server.url}/livez`).then(
    ({ status }) => status,
    () => 'refused',
  );

const post = (...headers: string[]) =>
  ['POST /things HTTP/1.1', 'host: x', 'content-type: application/json', ...headers].join('\r\n');

test('headers that never end are cut', async () => {
  await start({ headersMs: 150, requestMs: 60_000 });
  const { socket, closed, heard } = open();
  socket.write(`${post()}\r\nx-dawdle: `);
  // A byte now and then, so that the connection is never silent.
  const drip = setInterval(() => socket.write('x'), 20);
  await closed;
  clearInterval(drip);
  expect(heard()).toContain('408 Request Timeout');
  expect(heard()).toContain('"code":"request_timeout"');
});

test.each([
  ['what is not HTTP', 'hello\r\n\r\n', 400, 'malformed_request'],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
])('%s is a problem like any other, and the end of the connection', async (_, text, status, code) => {
  await start({});
  const { socket, closed, heard } = open();
  socket.write(text);
  await closed;
  const [head = '', told = '{}'] = heard().split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain('application/problem+json');
  expect(JSON.parse(told)).toMatchObject({ type: `/problems/${code}`, status, code });
});

test('a connection on which nothing is ever asked is cut', async () => {
  await start({ headersMs: 150, requestMs: 60_000 });
  await open().closed;
});

test.each([
  ['of a declared length', 'content-length: 1000', 'x'],
  ['in chunks', 'transfer-encoding: chunked', '1\r\nx\r\n'],
])('a body %s that never ends is cut, and is no failure of ours', async (_, header, piece) => {
  await start({ headersMs: 150, requestMs: 300 });
  const { socket, closed } = open();
  socket.write(`${post(header)}\r\n\r\n`);
  const drip = setInterval(() => socket.write(piece), 20);
  await closed;
  clearInterval(drip);
  expect(read).toBe(0);
});

test('a client that hangs up in the middle of its body is no failure of ours', async () => {
  await start({});
  const { socket, closed } = open();
  socket.write(`${post('content-length: 1000')}\r\n\r\n{`);
  await once(socket, 'ready');
  socket.resetAndDestroy();
  await closed;
  const answer = await fetch(`${server.url}/things`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(200);
  expect(read).toBe(1);
});

test('a client that does not read its answer is hung up on', async () => {
  // One connection: there is room for another as soon as this one is given up.
  await start({ silenceMs: 2_500, maxConnections: 1 });
  const { socket, closed } = open();
  socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  await expect.poll(health).toBe(200);
  // What the kernel had taken is still to be had; the rest never comes.
  socket.resume();
  await closed;
  expect(socket.bytesRead).toBeLessThan(32 * 1_024 * 1_024);
});

test('a connection that lies idle between requests is closed', async () => {
  await start({ idleMs: 150 });
  const { socket, closed, heard } = open();
  socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed;
  expect(heard()).toContain('200 OK');
});

test('more connections than are allowed are hung up on; when one has gone there is room again', async () => {
  await start({ maxConnections: 2 });
  const first = [open(), open()];
  for (const { socket, heard } of first) {
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(heard).toContain('200 OK');
  }
  await open().closed;
  first[0]?.socket.destroy();
  await expect.poll(health).toBe(200);
});

test('during a stop a kept-alive connection is answered, told to close, and closed', async () => {
  await start({});
  const { socket, closed, heard } = open();
  const inHand = new Promise<void>((resolve) => {
    entered = resolve;
  });
  // The second request comes on the same connection while the server is stopping.
  socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
  await inHand;
  const stopped = server.close({ graceMs: 5_000 });
  socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  release();
  await closed;
  await stopped;
  expect(heard()).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n/i);
  expect(heard()).toContain('done');
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
});
