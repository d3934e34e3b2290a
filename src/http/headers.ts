/** What every answer says to browsers, whoever wrote it. */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

const headers = {
  'x-content-type-options': 'nosniff',
  // An answer is no page: it loads nothing, and nobody frames it.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  // Whose orders they are, or how things stand at this moment: nothing to be kept on the way.
  'cache-control': 'no-store',
};

/** A route that means it otherwise sets its own. Set before the answer is made: afterwards each would copy it. */
export const secured: MiddlewareHandler = (c, next) => {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return next();
};

/** Lets pages of these origins ask from a browser. They show a token; there are no cookies. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT'],
    allowHeaders: [
      ...['authorization', 'content-type', 'idempotency-key', 'if-none-match', 'last-event-id', 'prefer'],
    ],
    exposeHeaders: [
      ...['etag', 'idempotent-replayed', 'location', 'preference-applied'],
      ...['ratelimit', 'ratelimit-policy', 'retry-after', 'www-authenticate'],
    ],
    maxAge: 600,
  });
}
