import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { selfSigned } from '../../../../test/support/tls.ts';
import { createAddresses } from './addresses.ts';
import { createPost, type Resolve } from './post.ts';

const loopback = createAddresses(['127.0.0.0/8']);
const post = createPost(loopback);
const never = new AbortController().signal;
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

async function listening<S extends Server>(server: S): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

const serve = (answer: RequestListener) => listening(createServer(answer));

const posting = (url: string) => ({ url, headers: { 'webhook-id': 'an-id' }, body: '{"type":"käse"}' });

describe('what an answer means', () => {
  test.each([
    [200, {}, { delivered: true }],
    [204, {}, { delivered: true }],
    [301, { location: 'http://127.0.0.1/' }, { delivered: false, error: 'status 301' }],
    [410, {}, { delivered: false, error: 'status 410', final: 'gone' }],
    [404, {}, { delivered: false, error: 'status 404' }],
    [500, {}, { delivered: false, error: 'status 500' }],
    [503, { 'retry-after': '120' }, { delivered: false, error: 'status 503', notBeforeSeconds: 120 }],
    [503, { 'retry-after': 'tomorrow' }, { delivered: false, error: 'status 503' }],
  ])('%i with %o', async (status, headers, outcome) => {
    const asked: string[] = [];
    const port = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status, headers).end();
    });
    expect(await post(posting(`http://127.0.0.1:${port}/hook?key=1`), never)).toEqual(outcome);
    // Once: no redirect is followed.
    expect(asked).toEqual(['/hook?key=1']);
  });

  test('the body arrives as it was signed, with its headers', async () => {
    let received: unknown;
    const port = await serve(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      received = { body: Buffer.concat(chunks).toString(), headers: request.headers };
      response.end('thank you');
    });
    await post(posting(`http://127.0.0.1:${port}/`), never);
    expect(received).toMatchObject({
      body: '{"type":"käse"}',
      headers: { 'content-type': 'application/json', 'webhook-id': 'an-id' },
    });
  });

  test('an answer without end is cut off; its status stands', async () => {
    let socket: Socket | undefined;
    const port = await serve((_, response) => {
      socket = response.socket ?? undefined;
      const chunk = Buffer.alloc(16 * 1_024);
      const go = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(200).on('drain', go);
      go();
    });
    expect(await post(posting(`http://127.0.0.1:${port}/`), never)).toEqual({ delivered: true });
    await expect.poll(() => socket?.destroyed).toBe(true);
  });

  test('who hangs up, speaks no HTTP, or is not there, has not answered', async () => {
    const rude = createSocketServer((socket) => socket.end('who is there?\r\n\r\n'));
    const closed = createSocketServer((socket) => socket.destroy());
    const ports = await Promise.all([rude, closed].map((server) => listening(server as Server)));
    for (const server of [rude, closed]) Object.assign(server, { closeAllConnections() {} });
    for (const port of ports)
      expect(await post(posting(`http://127.0.0.1:${port}/`), never)).toMatchObject({
        delivered: false,
        error: expect.stringMatching(/^no connection: (HPE_|ECONNRESET)/),
      });
    closed.close();
    await once(closed, 'close');
    expect(await post(posting(`http://127.0.0.1:${ports[1]}/`), never)).toEqual({
      delivered: false,
      error: 'no connection: ECONNREFUSED',
    });
  });

  test('an answer that does not come is given up with the signal, and the connection with it', async () => {
    const controller = new AbortController();
    let hungUp = false;
    const port = await serve((request) => {
      request.socket.once('close', () => {
        hungUp = true;
      });
      controller.abort(new Error('too late'));
    });
    await expect(post(posting(`http://127.0.0.1:${port}/`), controller.signal)).rejects.toThrow('too late');
    await expect.poll(() => hungUp).toBe(true);
  });

  test('over TLS a certificate that nobody vouches for is no answer, and nothing is sent', async () => {
    let asked = 0;
    const server = createTlsServer(selfSigned, (_, response) => {
      asked += 1;
      response.end();
    });
    const port = await listening(server);
    expect(await post(posting(`https://127.0.0.1:${port}/`), never)).toEqual({
      delivered: false,
      error: 'no connection: DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(asked).toBe(0);
  });
});

describe('where it may go', () => {
  const notAllowed = { delivered: false, error: expect.stringContaining('address is not allowed') };
  const strict = createAddresses([]);
  const means =
    (...addresses: string[]): Resolve =>
    async () =>
      addresses;

  async function counted() {
    let asked = 0;
    const port = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    return { port, asked: () => asked };
  }

  test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1', 'localhost'])(
    '%s is not connected to, over http or https',
    async (host) => {
      const { port, asked } = await counted();
      for (const protocol of ['http', 'https'])
        expect(await createPost(strict)(posting(`${protocol}://${host}:${port}/`), never)).toEqual(
          notAllowed,
        );
      expect(asked()).toBe(0);
    },
  );

  test('a name that means an inner address is not connected to, whatever else it means', async () => {
    const { port, asked } = await counted();
    for (const addresses of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::ffff:127.0.0.1']])
      expect(
        await createPost(strict, means(...addresses))(posting(`https://rebind.example.com:${port}/`), never),
      ).toEqual(notAllowed);
    expect(asked()).toBe(0);
  });

  test('a name is looked up once: what was looked at is what is connected to', async () => {
    const { port, asked } = await counted();
    const answers = ['127.0.0.1', '127.0.0.2'];
    let lookups = 0;
    const rebinding: Resolve = async () => [answers[lookups++] ?? ''];
    const one = createAddresses(['127.0.0.1/32']);
    const url = `http://rebind.example.com:${port}/`;
    expect(await createPost(one, rebinding)(posting(url), never)).toEqual({ delivered: true });
    expect(lookups).toBe(1);
    // And looked up anew for the next one.
    expect(await createPost(one, rebinding)(posting(url), never)).toEqual(notAllowed);
    expect(asked()).toBe(1);
  });

  test('plain http stays within the networks that are allowed', async () => {
    const outside = createPost(loopback, means('8.8.8.8'));
    expect(await outside(posting('http://shop.example.com/'), never)).toEqual({
      delivered: false,
      error: 'its address is not allowed for plain http',
    });
  });

  test('a name that nobody knows is a failure that may pass', async () => {
    const unknown: Resolve = async () => {
      throw Object.assign(new Error('queryA ENOTFOUND shop.example.com'), { code: 'ENOTFOUND' });
    };
    const outcome = { delivered: false, error: 'no connection: ENOTFOUND' };
    expect(await createPost(loopback, unknown)(posting('https://shop.example.com/'), never)).toEqual(outcome);
    expect(await createPost(loopback, means())(posting('https://shop.example.com/'), never)).toMatchObject({
      delivered: false,
    });
  });
});
