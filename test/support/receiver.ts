/** Who receives webhooks: a real HTTP server that remembers what came and answers as the test says. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterAll } from 'vitest';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** The status of the next answers; a promise: not before it resolves. By default 204. */
  answer: (received: Received) => number | Promise<number>;
  /** Requests that have come and are not answered. */
  waiting(): number;
}

/** Listens on loopback until the test file is done. `tls`: with this certificate, as `localhost`. */
export async function openReceiver(tls?: { readonly key: string; readonly cert: string }): Promise<Receiver> {
  const received: Received[] = [];
  let waiting = 0;
  const take: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = {
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    };
    received.push(one);
    waiting += 1;
    response.once('close', () => {
      waiting -= 1;
    });
    response.writeHead(await receiver.answer(one)).end();
  };
  const server = tls ? createTlsServer(tls, take) : createServer(take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const receiver: Receiver = {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as { port: number }).port}`,
    received,
    answer: () => 204,
    waiting: () => waiting,
  };
  return receiver;
}
