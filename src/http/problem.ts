/** Errors as people's programs read them: problem details (RFC 9457), each of a kind that `problems.ts` explains. */
import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { type Code, problems } from './problems.ts';

/** One thing that is wrong with a request: where, as a JSON pointer into its body or as a parameter's name, and what. */
export type Fault =
  | { readonly pointer: string; readonly detail: string }
  | { readonly parameter: string; readonly detail: string };

interface More {
  /** What is the matter with this very request. */
  readonly detail?: string;
  readonly errors?: readonly Fault[];
}

/** A problem as it travels. `type` is a page that this server has (`/problems/{code}`) and never changes. */
export interface ProblemDetails extends More {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: Code;
  /** What the operator's log calls this request. */
  readonly traceId: string;
}

export const problemContentType = 'application/problem+json';

/** The body of a problem. */
export function problemDetails(code: Code, traceId: string, more: More = {}): ProblemDetails {
  const { status, title } = problems[code];
  return { type: `/problems/${code}`, title, status, code, ...more, traceId };
}

/** Answers with a problem. */
export function problem(c: Context, code: Code, more: More = {}): Response {
  return c.body(JSON.stringify(problemDetails(code, traceIdOf(c.req.raw), more)), problems[code].status, {
    'content-type': problemContentType,
  });
}

/** In seconds: an outage that is over by then was short, and one that is not is asked no more often than that. */
const retryAfterSeconds = '1';

/** A problem that goes away by itself: it says when to come again. */
export function comeAgain(c: Context, code: Code, detail: string): Response {
  c.header('retry-after', retryAfterSeconds);
  return problem(c, code, { detail });
}

const traceIds = new WeakMap<Request, string>();
const traceParent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const noTrace = '0'.repeat(32);

/** What this request is called in answers and logs: the caller's own trace id (W3C Trace Context), or one made for it. */
export function traceIdOf(request: Request): string {
  const known = traceIds.get(request);
  if (known !== undefined) return known;
  const [, told = noTrace] = traceParent.exec(request.headers.get('traceparent') ?? '') ?? [];
  const traceId = told === noTrace ? newTraceId() : told;
  traceIds.set(request, traceId);
  return traceId;
}

export const newTraceId = () => randomBytes(16).toString('hex');
