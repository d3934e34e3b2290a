/** The adapter against servers that do what no good card processor does. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createHttpGateway } from './http.ts';

const token = 'bearer-secret';
const call = {
  key: 'authorize:0190a5e0-0000-7000-8000-000000000001',
  orderId: '0190a5e0-0000-7000-8000-000000000001',
  amount: 1250,
  currency: 'EUR',
  paymentToken: 'tok_secret',
};
const agreed = { key: call.key, amount: 1250, currency: 'EUR', outcome: 'approved' };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A gateway whose other side answers as told. */
async function against(answering: Answering) {
  const server = createServer(answering).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, gateway: createHttpGateway({ url: `http://127.0.0.1:${port}/v1`, token }) };
}

const json =
  (body: unknown, status = 200): Answering =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const soon = () => AbortSignal.timeout(10_000);

/** What an operator is told of a call that failed. */
async function failure(answering: Answering, signal = soon()): Promise<string> {
  const { gateway } = await against(answering);
  const error = await gateway.authorize(call, signal).then(
    (answer) => new Error(`answered ${JSON.stringify(answer)}`),
    (thrown: Error) => thrown,
  );
  expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/tok_secret|bearer-secret/);
  return error.message;
}

test('asks as agreed: path, key, bearer token and wish; connections are kept', async () => {
  const seen: {
    url?: string | undefined;
    headers: Record<string, unknown>;
    body: string;
    port?: number | undefined;
  }[] = [];
  const { gateway } = await against(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { url, headers, socket } = request;
    seen.push({ url, headers, body: Buffer.concat(chunks).toString(), port: socket.remotePort });
    response.end(
      JSON.stringify({ ...agreed, key: headers['idempotency-key'], outcome: outcomes[url ?? ''] }),
    );
  });
  const outcomes: Record<string, string> = {
    '/v1/authorizations': 'approved',
    '/v1/captures': 'captured',
    '/v1/voids': 'voided',
  };
  const { paymentToken, key, ...wish } = call;
  expect(await gateway.authorize(call, soon())).toEqual({ approved: true });
  await gateway.capture({ ...wish, key: 'capture:1' }, soon());
  await gateway.void({ ...wish, key: 'void:1' }, soon());
  expect(seen.map(({ url }) => url)).toEqual(Object.keys(outcomes));
  expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual([key, 'capture:1', 'void:1']);
  expect(seen.every(({ headers }) => headers['authorization'] === `Bearer ${token}`)).toBe(true);
  expect(seen.map(({ body }) => JSON.parse(body))).toEqual([{ ...wish, paymentToken }, wish, wish]);
  expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
});

test('a decline is an answer', async () => {
  const { gateway } = await against(json({ ...agreed, outcome: 'declined', declineCode: 'card_declined' }));
  expect(await gateway.authorize(call, soon())).toEqual({ approved: false, declineCode: 'card_declined' });
});

describe('is not definite', () => {
  test.each([
    ['201', json(agreed, 201), 'the card processor answered 201'],
    [
      'a redirection',
      (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      'the card processor answered 307',
    ],
    ['400', json({ detail: 'tok_secret' }, 400), 'the card processor answered 400'],
    ['401', json({}, 401), 'the card processor answered 401'],
    ['402', json({ outcome: 'declined', declineCode: 'no' }, 402), 'the card processor answered 402'],
    ['409', json({}, 409), 'the card processor answered 409'],
    ['500', json(agreed, 500), 'the card processor answered 500'],
    ['503', json({}, 503), 'the card processor answered 503'],
    ['a page', (_, response) => response.end('<html>tok_secret</html>'), 'something else than agreed'],
    ['nothing', (_, response) => response.end(), 'something else than agreed'],
    ['an unknown outcome', json({ ...agreed, outcome: 'pending' }), 'something else than agreed'],
    ['a decline without a reason', json({ ...agreed, outcome: 'declined' }), 'something else than agreed'],
    [
      'a decline for a text',
      json({ ...agreed, outcome: 'declined', declineCode: 'a\u0000b' }),
      'something else than agreed',
    ],
    ['another key', json({ ...agreed, key: 'authorize:other' }), 'answered another question'],
    ['a part of the amount', json({ ...agreed, amount: 1000 }), 'answered another question'],
    ['another currency', json({ ...agreed, currency: 'USD' }), 'answered another question'],
    [
      'a connection that is cut',
      (request) => request.socket.destroy(),
      'the connection to the card processor failed: ECONNRESET',
    ],
    [
      'an answer that is cut',
      (request, response) => {
        response.writeHead(200, { 'content-length': 1_000 }).write('{');
        setImmediate(() => request.socket.destroy());
      },
      'the connection to the card processor failed: ECONNRESET',
    ],
    [
      'an answer without end',
      (_, response) => {
        const more = () => {
          while (response.write('x'.repeat(1_000)));
        };
        response.on('drain', more);
        more();
      },
      'answered more than 16384 bytes',
    ],
  ] satisfies [string, Answering, string][])('%s', async (_, answering, told) =>
    expect(await failure(answering)).toContain(told),
  );

  test('nobody there', async () => {
    const { server, gateway } = await against(() => {});
    server.close();
    await once(server, 'close');
    await expect(gateway.authorize(call, soon())).rejects.toThrow('failed: ECONNREFUSED');
  });

  test('headers that do not come in time, nor a body; the caller hangs up', async () => {
    const gone: Promise<unknown>[] = [];
    const late = 'the card processor did not answer in time';
    let controller = new AbortController();
    const noHeaders: Answering = (request) => {
      gone.push(once(request.socket, 'close'));
      controller.abort();
    };
    const noBody: Answering = (request, response) => {
      gone.push(once(request.socket, 'close'));
      // So that the headers have arrived before it is too late.
      response.writeHead(200).write('{', () => setTimeout(() => controller.abort(), 200));
    };
    expect(await failure(noHeaders, controller.signal)).toBe(late);
    controller = new AbortController();
    expect(await failure(noBody, controller.signal)).toBe(late);
    expect(await failure(noHeaders, AbortSignal.abort())).toBe(late);
    await Promise.all(gone);
    expect(gone.length).toBeGreaterThanOrEqual(2);
  });
});

test('a connection that was closed while it was idle is replaced at once', async () => {
  let asked = 0;
  const { gateway } = await against((request, response) => {
    asked += 1;
    // The second call finds the connection of the first, which is closed under it.
    if (asked === 2) request.socket.destroy();
    else json(agreed)(request, response);
  });
  expect(await gateway.authorize(call, soon())).toEqual({ approved: true });
  expect(await gateway.authorize(call, soon())).toEqual({ approved: true });
  expect(asked).toBe(3);
});
