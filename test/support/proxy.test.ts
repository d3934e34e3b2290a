import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProxy, type TestProxy } from './proxy.ts';

/** Says back what it hears. */
const server = createServer((socket) => {
  heard.push(socket);
  socket.on('error', () => {});
  socket.on('data', (bytes) => socket.write(bytes));
});
const heard: Socket[] = [];
let proxy: TestProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  heard.length = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await openProxy(`http://user@127.0.0.1:${(server.address() as AddressInfo).port}/path`);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const socket of heard) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

function open() {
  const client = connect(proxy.port, '127.0.0.1');
  clients.push(client);
  let text = '';
  let end: string | undefined;
  client.on('data', (bytes) => {
    text += bytes;
  });
  client.on('end', () => {
    end ??= 'ended';
  });
  client.on('error', ({ message }) => {
    end ??= message;
  });
  return { client, text: () => text, end: () => end };
}

const says = async (who: ReturnType<typeof open>, text: string) =>
  expect.poll(who.text, { timeout: 5_000 }).toBe(text);

/** Another connection has come and gone through the whole loop: what was to pass before has passed. */
async function aRoundTripElsewhere() {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('x');
  await once(socket, 'data');
  socket.destroy();
}

test('what is said passes both ways, and so does an end', async () => {
  expect(proxy.url).toBe(`http://user@127.0.0.1:${proxy.port}/path`);
  const { client, ...who } = open();
  client.write('hello');
  await says({ client, ...who }, 'hello');
  client.end();
  await expect.poll(who.end).toBe('ended');
  await expect.poll(() => proxy.connections).toEqual({ open: 0, accepted: 1 });
});

test('a stall holds everything back, of new connections too, and tells nobody of an end; then all of it passes', async () => {
  const one = open();
  one.client.write('1');
  await says(one, '1');
  proxy.stall();
  one.client.write('2');
  const two = open();
  await once(two.client, 'connect');
  two.client.write('3');
  const three = open();
  three.client.write('4');
  await once(three.client, 'connect');
  three.client.destroy();
  await aRoundTripElsewhere();
  expect([one.text(), two.text()]).toEqual(['1', '']);
  expect(heard.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(2);
  proxy.resume();
  await says(one, '12');
  await says(two, '3');
  await expect.poll(() => proxy.connections).toEqual({ open: 2, accepted: 3 });
});

test('a watcher can stop the very chunk it sees, or let it pass and hold the answer', async () => {
  const one = open();
  const unwatch = proxy.watch((bytes, from) => {
    if (from === 'client' && bytes.includes('commit')) proxy.stall('answers');
    if (from === 'client' && bytes.includes('begin')) proxy.stall();
  });
  one.client.write('commit');
  await expect.poll(() => heard[0]?.bytesRead).toBe(6);
  const [server] = heard;
  expect(server?.bytesRead).toBe(6);
  expect(one.text()).toBe('');
  proxy.resume();
  await says(one, 'commit');
  one.client.write('begin');
  await aRoundTripElsewhere();
  expect(server?.bytesRead).toBe(6);
  unwatch();
  proxy.resume();
  await says(one, 'commitbegin');
});

test('a cut resets; a refusal refuses, until the same port accepts again', async () => {
  const one = open();
  one.client.write('1');
  await says(one, '1');
  proxy.cut();
  await expect.poll(one.end).toContain('ECONNRESET');
  await expect.poll(() => heard[0]?.destroyed).toBe(true);
  await proxy.refuse();
  const two = open();
  await expect.poll(two.end).toContain('ECONNREFUSED');
  await proxy.accept();
  const three = open();
  three.client.write('3');
  await says(three, '3');
});

test('who does not read makes the other side wait', async () => {
  const { client } = open();
  await once(client, 'connect');
  await expect.poll(() => heard.length).toBe(1);
  heard[0]?.removeAllListeners('data').pause();
  // Far more than the kernel's buffers of both connections hold.
  client.write(Buffer.alloc(64 * 1_024 * 1_024));
  let before = -1;
  await expect
    .poll(
      () => {
        const settled = client.bytesWritten === before || client.writableLength === 0;
        before = client.bytesWritten;
        return settled;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  expect(client.writableNeedDrain).toBe(true);
  heard[0]?.resume();
  await once(client, 'drain');
});
