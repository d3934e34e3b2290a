/** A card processor behind HTTP (README.md has the contract). Only what it answers definitely is an answer; all else is thrown. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import * as v from 'valibot';
import type { Operation } from '../payment.ts';
import { type AnswerTo, answers, paths } from './contract.ts';
import type { AuthorizeCall, Call, Gateway } from './gateway.ts';

/** An answer has 200 bytes; a stranger's page in its place must not fill the memory. */
const maxAnswerBytes = 16 * 1_024;
/** Before the minute after which common servers and load balancers close an idle connection: they must not meet a call. */
const idleConnectionMs = 30_000;

export interface HttpGatewayOptions {
  /** As `https://processor.example.com/v1`: the operations are below it. */
  readonly url: string;
  /** Shown as a bearer token. */
  readonly token?: string | undefined;
}

interface Answered {
  readonly status: number;
  readonly body: Buffer;
}

/** Connections are kept alive and reused; there are never more than calls at once. */
export function createHttpGateway({ url, token }: HttpGatewayOptions): Gateway {
  const base = url.endsWith('/') ? url : `${url}/`;
  const secure = base.startsWith('https:');
  const settings = { keepAlive: true, timeout: idleConnectionMs };
  const agent = secure ? new TlsAgent(settings) : new Agent(settings);

  async function post<O extends Operation>(
    operation: O,
    { key, ...wish }: Call | AuthorizeCall,
    signal: AbortSignal,
  ): Promise<AnswerTo<O>> {
    const body = Buffer.from(JSON.stringify(wish));
    const open = (reuse: boolean) =>
      (secure ? tlsRequest : request)(new URL(paths[operation], base), {
        method: 'POST',
        agent: reuse ? agent : false,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          'idempotency-key': key,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
      });
    const answer = await exchange(open, body, signal);
    if (answer.status !== 200) throw new Error(`the card processor answered ${answer.status}`);
    const parsed = v.safeParse(answers[operation], parse(answer.body));
    if (!parsed.success) throw new Error('the card processor answered something else than agreed');
    const { key: answeredKey, amount, currency } = parsed.output;
    if (answeredKey !== key || amount !== wish.amount || currency !== wish.currency)
      throw new Error('the card processor answered another question');
    return parsed.output as AnswerTo<O>;
  }

  return {
    async authorize(call, signal) {
      const answer = await post('authorize', call, signal);
      return answer.outcome === 'approved'
        ? { approved: true }
        : { approved: false, declineCode: answer.declineCode };
    },
    async capture(call, signal) {
      await post('capture', call, signal);
    },
    async void(call, signal) {
      await post('void', call, signal);
    },
  };
}

/** One request and all of its answer, within `signal`. Errors tell what happened to the connection, never what was sent. */
async function exchange(
  open: (reuse: boolean) => ClientRequest,
  body: Buffer,
  signal: AbortSignal,
): Promise<Answered> {
  for (let reuse = true; ; reuse = false) {
    const sending = open(reuse);
    const hangUp = () => sending.destroy();
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      if (signal.aborted) hangUp();
      return await readAnswer(await send(sending, body));
    } catch (error) {
      sending.destroy();
      if (error instanceof AnswerTooLarge) throw error;
      if (signal.aborted) throw new Error('the card processor did not answer in time');
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no connection';
      // It was closed while it was idle, as servers do: the same key goes out once more, on a new one.
      if (!(reuse && sending.reusedSocket && code === 'ECONNRESET'))
        throw new Error(`the connection to the card processor failed: ${code}`);
    } finally {
      signal.removeEventListener('abort', hangUp);
    }
  }
}

class AnswerTooLarge extends Error {}

function send(sending: ClientRequest, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays: a connection may fail more than once, and an error that nobody listens to ends the program.
    sending.on('error', reject);
    sending.once('response', resolve);
    sending.once('close', () => reject(new Error('closed')));
    sending.end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes)
      throw new AnswerTooLarge(`the card processor answered more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks) };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
