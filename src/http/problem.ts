/** Errors as people's programs read them: problem details (RFC 9457). */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** One thing that is wrong with a request: where, as a JSON pointer into its body or as a parameter's name, and what. */
export type Fault =
  | { readonly pointer: string; readonly detail: string }
  | { readonly parameter: string; readonly detail: string };

/** Answers with a problem. `title` is the same for all of its kind; `detail` tells of this one. */
export function problem(
  c: Context,
  status: ContentfulStatusCode,
  title: string,
  more: { readonly detail?: string; readonly errors?: readonly Fault[] } = {},
): Response {
  return c.body(JSON.stringify({ type: 'about:blank', title, status, ...more }), status, {
    'content-type': 'application/problem+json',
  });
}

/** In seconds: an outage that is over by then was short, and one that is not is asked no more often than that. */
const retryAfterSeconds = '1';

/** 503: it cannot be done now, and it has not been. */
export function unavailable(c: Context, title: string, detail: string): Response {
  c.header('retry-after', retryAfterSeconds);
  return problem(c, 503, title, { detail });
}

/** 503 of another kind: it may have been done. `detail` says how to find out. */
export function unknownOutcome(c: Context, detail: string): Response {
  return unavailable(c, 'It is not known whether this was done', detail);
}
