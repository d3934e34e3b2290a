/** One server for all doors of a process, and what every server answers: health, unknown routes, failures. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { isEnvironmental, OutcomeUnknown } from '../outbox/index.ts';
import { allow } from './guard.ts';
import { allowOrigins, secured } from './headers.ts';
import { RequestInProgress } from './idempotency-store.ts';
import { openApiOf } from './openapi.ts';
import { comeAgain, newTraceId, problem, problemContentType, problemDetails, traceIdOf } from './problem.ts';
import { problemRoutes } from './problem-pages.ts';
import type { Code } from './problems.ts';
import { referenceRoutes } from './reference.ts';
import * as docs from './server.docs.ts';

/** What strangers may hold of a server, and for how long. */
export interface ServerLimits {
  /** Between two requests of a connection. Longer than the 60 s of common load balancers: they, not we, give it up. */
  readonly idleMs: number;
  /** For a request's headers: a few packets, also from a bad network. */
  readonly headersMs: number;
  /** For all of a request: 256 KiB at 13 KiB/s. */
  readonly requestMs: number;
  /** Without a byte either way while a request is answered: who does not read his answer is gone. An outcome may be waited for for 30 s. */
  readonly silenceMs: number;
  /** How often the two for requests are looked after. */
  readonly checkEveryMs: number;
  /** With a whole body each, 1 GiB; four times the requests that are let in. The next ones are hung up on. */
  readonly maxConnections: number;
}

const defaultLimits: ServerLimits = {
  idleMs: 65_000,
  headersMs: 10_000,
  requestMs: 20_000,
  silenceMs: 45_000,
  checkEveryMs: 1_000,
  maxConnections: 4_000,
};
const closeIdleEveryMs = 50;

/** One thing that must be there for this process to serve. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

/** A request that was answered. */
export interface Answer {
  readonly method: string;
  /** The pattern that it met, as `/orders/:id`; `none` where nothing is. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** What a log says of a request that failed. */
export interface FailedRequest {
  readonly method: string;
  readonly path: string;
  readonly traceId: string;
}

/** Puts routes together. `ready` tells what `/readyz` answers; `onError` is told of what should not have happened. */
export function createApp(options: {
  readonly routes: readonly Hono[];
  /** Who may come in: stands before every route. */
  readonly guard: MiddlewareHandler;
  /** Whose pages may ask from a browser; nobody's unless told. */
  readonly corsOrigins?: readonly string[];
  readonly ready: () => Promise<readonly Check[]>;
  readonly onError: (error: unknown, request: FailedRequest) => void;
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (answer: Answer) => void;
  /** What `/metrics` answers. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What its document calls the program's version; undefined: it has none, and no page that shows it. */
  readonly version?: string;
}): Hono {
  const { onAnswer = () => {}, metrics, corsOrigins = [], version } = options;
  const app = new Hono();

  app.use(secured);

  app.use(async (c, next) => {
    const startMs = performance.now();
    await next();
    const seconds = (performance.now() - startMs) / 1_000;
    onAnswer({ method: c.req.method, route: routeOf(c), status: c.res.status, seconds });
  });

  if (corsOrigins.length > 0) app.use(allowOrigins(corsOrigins));
  app.use(options.guard);

  // Whoever starts, stops and balances processes has no token.
  app.get('/livez', docs.livez, allow('anyone'), (c) => c.json({ ok: true }));

  app.get('/readyz', docs.readyz, allow('anyone'), async (c) => {
    const checks = await options.ready();
    const ok = checks.every((check) => check.ok);
    return c.json({ ok, checks }, ok ? 200 : 503);
  });

  if (metrics)
    app.get('/metrics', docs.metrics, allow('metrics'), async (c) => {
      const { contentType, text } = await metrics();
      return c.body(text, 200, { 'content-type': contentType });
    });

  for (const routes of [problemRoutes(), ...options.routes]) app.route('/', routes);
  if (version !== undefined)
    app.route(
      '/',
      referenceRoutes(() => openApiOf(app, version)),
    );

  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length === 0)
      return problem(c, 'route_not_found', { detail: `Nothing is at ${c.req.path}.` });
    c.header('allow', allowed.join(', '));
    if (c.req.method === 'OPTIONS') return c.body(null, 204);
    return problem(c, 'method_not_allowed', { detail: `Allowed: ${allowed.join(', ')}.` });
  });

  app.onError((error, c: Context) => {
    if (error instanceof RequestInProgress)
      return comeAgain(
        c,
        'request_in_progress',
        'Another one with this Idempotency-Key has not been answered yet.',
      );
    const { method, path } = c.req;
    options.onError(error, { method, path, traceId: traceIdOf(c.req.raw) });
    if (!isEnvironmental(error)) return problem(c, 'internal_error');
    // What only reads has done nothing in any case.
    return error instanceof OutcomeUnknown && method !== 'GET' && method !== 'HEAD'
      ? comeAgain(c, 'outcome_unknown', 'The database did not say. It will be certain in a few seconds.')
      : comeAgain(c, 'unavailable', 'Its database is away or busy. Try again.');
  });

  return app;
}

function routeOf(c: Context): string {
  // Middleware is among the matches, for every method and path.
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL');
  return route?.path ?? 'none';
}

/** The methods that a path takes, from the routes themselves. */
function allowedMethods(app: Hono, path: string): readonly string[] {
  const methods = app.routes
    .filter((route) => route.method !== 'ALL' && matches(route.path, path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])];
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split('/');
  const actual = path.split('/');
  return (
    expected.length === actual.length &&
    expected.every((part, i) => (part.startsWith(':') ? actual[i] !== '' : part === actual[i]))
  );
}

const unreadable: Readonly<Record<string, Code>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What Node's parser cannot read, or has waited for in vain, is a problem like any other, and the end of its connection. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Into the middle of an answer nothing can be said.
  const { _httpMessage: begun } = socket as { _httpMessage?: { readonly headersSent: boolean } };
  if (!socket.writable || begun?.headersSent) return void socket.destroy();
  const details = problemDetails(unreadable[error.code ?? ''] ?? 'malformed_request', newTraceId());
  const body = JSON.stringify(details);
  const head = [
    `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** Somebody else listens there. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
}

export interface Listening {
  /** As `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Accepts nothing more, waits for the requests in hand, and after `graceMs` ends those too. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Serves `app`; port 0 takes a free one. Throws `PortInUse`. */
export async function listen(
  app: Hono,
  at: { readonly host: string; readonly port: number; readonly limits?: Partial<ServerLimits> },
): Promise<Listening> {
  const limits = { ...defaultLimits, ...at.limits };
  let closing = false;
  const server = createAdaptorServer({
    async fetch(request, env) {
      const response = await app.fetch(request, env);
      // Whoever keeps his connection learns with this answer that he needs another one.
      if (closing) response.headers.set('connection', 'close');
      return response;
    },
    serverOptions: {
      keepAliveTimeout: limits.idleMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
  }) as Server;
  server.on('clientError', answerUnreadable);
  server.timeout = limits.silenceMs;
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new PortInUse(`port ${at.port} on ${at.host} is in use: set PORT to another, or stop who has it`)
          : error,
      ),
    );
    server.listen(at.port, at.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : at.port;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `http://${host}:${port}`,
    async close({ graceMs }) {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection that was busy when the server closed is idle after its answer, and would be kept alive.
      const sweep = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
      const patience = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(patience);
    },
  };
}
