/** One HTTP request to an endpoint that a stranger runs: where it may go, how long it may take, what its answer means. */
import { Resolver } from 'node:dns/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Addresses } from './addresses.ts';
import type { Outcome } from './outcome.ts';

/** An answer is read to its end, so that the sender sees it taken, but nobody needs what is in it. */
const maxAnswerBytes = 64 * 1_024;
const maxHeaderBytes = 16 * 1_024;

export interface Posting {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Returns what posts once and follows no redirect. Connected is to an address that was looked at, the very one: a name that means
 * another one a moment later is no way in. Plain HTTP reaches allowed networks only.
 */
export function createPost(
  addresses: Addresses,
  resolve: Resolve = resolveByDns,
): (posting: Posting, signal: AbortSignal) => Promise<Outcome> {
  return async ({ url, headers, body }, signal) => {
    const target = new URL(url);
    const secure = target.protocol === 'https:';
    const fault = faultOf(addresses, target);
    if (fault) return failure(fault);
    const content = Buffer.from(body);
    return exchange(
      (secure ? tlsRequest : request)(target, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': content.length,
          'user-agent': 'order-saga',
        },
        // Of its own, closed when it is done: a connection kept alive would be to an address looked at some time ago.
        agent: false,
        lookup: lookupOf(
          resolve,
          (address) => mayReach(addresses, secure, address) || new NotAllowed(secure),
        ),
        maxHeaderSize: maxHeaderBytes,
        signal,
      }),
      content,
      signal,
    );
  };
}

/** What is wrong with an address that is written as such. A name is looked at when it is looked up, each time it is connected to. */
export function faultOf(addresses: Addresses, { protocol, hostname }: URL): Error | undefined {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = protocol === 'https:';
  return isIP(literal) && !mayReach(addresses, secure, literal) ? new NotAllowed(secure) : undefined;
}

const mayReach = (addresses: Addresses, secure: boolean, address: string) =>
  addresses.isAllowed(address) || (secure && addresses.isPublic(address));

class NotAllowed extends Error {
  constructor(secure: boolean) {
    super(secure ? 'its address is not allowed' : 'its address is not allowed for plain http');
  }
}

/** All of a name's addresses must be allowed: which of them is connected to is chance. */
function lookupOf(resolve: Resolve, check: (address: string) => true | Error): LookupFunction {
  return (host, options, done) => {
    resolve(host).then(
      (found) => {
        const fault = found.map(check).find((answer) => answer !== true);
        const [first] = found;
        if (fault || first === undefined) return done(fault ?? new Error('its name has no address'), '', 0);
        if (options.all) done(null, found.map((address) => ({ address, family: isIP(address) })) as never);
        else done(null, first, isIP(first));
      },
      (error) => done(error, '', 0),
    );
  };
}

/**
 * Asked of the name servers, not of the machine (`getaddrinfo`), whose few threads one slow name server would keep from
 * everybody: `/etc/hosts` is not read.
 */
async function resolveByDns(host: string): Promise<readonly string[]> {
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1'];
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length === 0 && v4.status === 'rejected') throw v4.reason;
  return found;
}

function exchange(sending: ClientRequest, content: Buffer, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    let error: unknown;
    sending.on('response', (response) => {
      answer = response;
      let bytes = 0;
      // What goes wrong after the status does not change it.
      response.on('error', () => {});
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) sending.destroy();
      });
    });
    sending.on('error', (failed) => {
      error ??= failed;
    });
    // Comes in any case, and last.
    sending.on('close', () => {
      if (answer) resolve(meaningOf(answer));
      else if (signal.aborted) reject(signal.reason);
      else resolve(failure(error));
    });
    sending.end(content);
  });
}

/** 2xx is success, 410 a farewell, all else, redirects too, a failure that may pass. */
function meaningOf({ statusCode = 0, headers }: IncomingMessage): Outcome {
  if (statusCode >= 200 && statusCode < 300) return { delivered: true };
  const failed = { delivered: false, error: `status ${statusCode}` } as const;
  if (statusCode === 410) return { ...failed, final: 'gone' };
  const after = Number(headers['retry-after']);
  return after > 0 ? { ...failed, notBeforeSeconds: after } : failed;
}

/** The code of what failed; its message would tell addresses. */
function failure(error: unknown): Outcome {
  if (error instanceof NotAllowed) return { delivered: false, error: error.message };
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { delivered: false, error: code ? `no connection: ${code}` : 'no answer' };
}
