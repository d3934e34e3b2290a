/** Streams of events over a real server: readers who are slow, who go, and a server that wants to close. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { hear } from '../../test/support/events.ts';
import { until } from '../../test/support/until.ts';
import { createEventStreams, type EventStream, type StreamLimits } from './events.ts';
import { createApp, type Listening, listen, openToAll, type ServerLimits } from './index.ts';

let server: Listening;
const sockets: Socket[] = [];
const errors: unknown[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close({ graceMs: 1_000 });
  expect(errors).toEqual([]);
});

async function start(limits: StreamLimits = {}, serverLimits: Partial<ServerLimits> = {}) {
  const streams = createEventStreams(limits);
  const open: EventStream[] = [];
  const gone: EventStream[] = [];
  const routes = new Hono().get('/events', (c) =>
    streams.open(c, (stream) => {
      open.push(stream);
      return () => gone.push(stream);
    }),
  );
  const app = createApp({
    routes: [routes],
    guard: openToAll,
    ready: async () => [],
    onError: (error) => errors.push(error),
  });
  server = await listen(app, { host: '127.0.0.1', port: 0, limits: { checkEveryMs: 20, ...serverLimits } });
  return { streams, open, gone, events: () => fetch(`${server.url}/events`) };
}

/** A reader who takes nothing. */
async function openDeaf() {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n');
  socket.on('error', () => {});
  return socket;
}

const large = { data: { text: 'x'.repeat(100_000) } };

test('events come as they are sent, with their ids, and a time after which to come again', async () => {
  const { open, events } = await start();
  const heard = hear(await events());
  expect(await heard.block()).toMatch(/^retry: [12]\d{3}$/);
  open[0]?.send('thing', [
    { id: '1', data: { text: 'a\nb' } },
    { id: '2', data: null },
  ]);
  expect(await heard.next()).toEqual({ id: '1', event: 'thing', data: { text: 'a\nb' } });
  expect(await heard.next()).toEqual({ id: '2', event: undefined, data: undefined });
  open[0]?.end();
  expect(await heard.next()).toBeUndefined();
});

test('a stream where nothing happens outlives the silence after which a server hangs up', async () => {
  const { open, gone, events } = await start({ heartbeatMs: 50 }, { silenceMs: 300 });
  const heard = hear(await events());
  for (let beats = 0; beats < 10; beats += 1) await heard.block();
  expect(gone).toEqual([]);
  open[0]?.send('thing', [{ data: { still: 'there' } }]);
  expect((await heard.next())?.data).toEqual({ still: 'there' });
  await heard.leave();
});

test('a stream ends after an hour, however it is read; a younger one goes on', async () => {
  let nowMs = 0;
  const { gone, events } = await start({ heartbeatMs: 10, nowMs: () => nowMs });
  const old = hear(await events());
  await old.block();
  nowMs = 3_599_999;
  const young = hear(await events());
  // The first says when to come again; of the others each is a beat that it has outlived.
  for (let beats = 0; beats < 3; beats += 1)
    expect([await old.block(), await young.block()]).not.toContain(undefined);
  expect(gone).toEqual([]);
  nowMs = 3_600_000;
  expect(await old.next()).toBeUndefined();
  for (let beats = 0; beats < 3; beats += 1) expect(await young.block()).toBeDefined();
  expect(gone).toHaveLength(1);
  await young.leave();
});

test('a reader who goes is forgotten, and makes room', async () => {
  const { gone, open, events } = await start({ maxStreams: 1 });
  const heard = hear(await events());
  await heard.block();
  const refused = await events();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
  expect(await refused.json()).toMatchObject({ code: 'too_many_listeners' });
  await heard.leave();
  await until('he is forgotten', () => gone.length === 1);
  expect(gone).toEqual(open);
  expect((await events()).status).toBe(200);
});

test('a reader who does not read is cut off; the others hear on', async () => {
  const { open, gone, events } = await start({ maxWaitingBytes: 200_000 });
  const socket = await openDeaf();
  await until('he is there', () => open.length === 1);
  const heard = hear(await events());
  await heard.block();
  const [deaf, other] = open;
  let sent = 0;
  for (; gone.length === 0; sent += 1) {
    deaf?.send('thing', [large]);
    // Sockets take what they can meanwhile.
    await turn();
  }
  expect(gone).toEqual([deaf]);
  // What the system holds for a socket, and what may wait here.
  expect(sent).toBeLessThan(200);
  socket.resume();
  await once(socket, 'close');
  other?.send('thing', [large]);
  expect((await heard.next())?.data).toEqual(large.data);
  await heard.leave();
});

test('all who do not read may together keep so much and no more', async () => {
  const { open, gone } = await start({ maxWaitingBytes: 1e9, maxWaitingBytesInAll: 500_000 });
  for (let n = 0; n < 4; n += 1) await openDeaf();
  await until('they are there', () => open.length === 4);
  let sent = 0;
  for (; gone.length === 0; sent += 1) {
    for (const stream of open) stream.send('thing', [large]);
    await turn();
  }
  // Each of them alone could have had more.
  expect(sent).toBeLessThan(200);
});

test('streams end before the server closes, and no more are opened', async () => {
  const { streams, gone, events } = await start();
  const heard = hear(await events());
  await heard.block();
  streams.close();
  expect(await heard.next()).toBeUndefined();
  expect(gone).toHaveLength(1);
  expect((await events()).status).toBe(503);
  const startMs = performance.now();
  await server.close({ graceMs: 10_000 });
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
