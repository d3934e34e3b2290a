/**
 * As much of HTTP/1.1 as the load generator needs, and no more: it shares the machine with what it measures, and Node's own client takes
 * as much processor time for a request as the program takes to answer it.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A request as it goes over the wire, ready to be sent again and again. */
export function postRequest(url: string, body: string): Buffer {
  const { host, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

/** Reads the answer at the beginning of what has arrived; undefined: it has not arrived whole. Throws on what it cannot read. */
export function readAnswer(arrived: Buffer): (Answer & { readonly bytes: number }) | undefined {
  const headEnd = arrived.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = arrived.toString('latin1', 0, headEnd);
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? [];
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (!status || !length) throw new Error(`an answer without status or content-length: ${head}`);
  const bytes = headEnd + 4 + Number(length);
  if (arrived.length < bytes) return undefined;
  return { status: Number(status), body: arrived.toString('utf8', headEnd + 4, bytes), bytes };
}

/** One connection that is kept; one request at a time. */
export interface Line {
  send(request: Buffer): Promise<Answer>;
  close(): void;
}

/** So long an answer may take: the program gives one within 2 s. */
const answerTimeoutMs = 30_000;

export function openLine(url: string): Line {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  let arrived: Buffer | undefined;
  let settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  function fail(error: Error): void {
    socket?.destroy();
    socket = undefined;
    arrived = undefined;
    const waiting = settle;
    settle = undefined;
    waiting?.reject(error);
  }

  function take(chunk: Buffer): void {
    arrived = arrived ? Buffer.concat([arrived, chunk]) : chunk;
    try {
      const answer = readAnswer(arrived);
      if (!answer) return;
      if (answer.bytes !== arrived.length || !settle) throw new Error('more was answered than was asked');
      arrived = undefined;
      const waiting = settle;
      settle = undefined;
      waiting.resolve(answer);
    } catch (error) {
      fail(error as Error);
    }
  }

  function open(): Socket {
    const opened = connect({ host: hostname, port: Number(port), noDelay: true });
    opened.setTimeout(answerTimeoutMs, () => opened.destroy(new Error('not answered in 30 s')));
    const ended = (error: Error) => {
      if (socket === opened) fail(error);
    };
    return opened
      .on('data', take)
      .on('error', ended)
      .on('close', () => ended(new Error('the connection was closed')));
  }

  return {
    send(request) {
      socket ??= open();
      const to = socket;
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        to.write(request);
      });
    },
    close() {
      const closing = socket;
      socket = undefined;
      closing?.destroy();
    },
  };
}
