/** Who may come in at which door. A route that says nothing is for administrators. */
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { noted } from './operation.ts';
import { comeAgain, problem } from './problem.ts';
import { type Limit, networkOf } from './rate.ts';
import type { Identity, Scope, Verdict, Verify } from './tokens.ts';

const realm = 'order-saga';

/** Whom a route is for that says nothing. */
export const unmarked: Scope = 'admin';

/** What routes say of themselves. */
const marks = new WeakMap<object, Scope | 'anyone'>();

/** Says on a route who may come in besides administrators: a token with this scope, or `anyone` without a token. */
export function allow(scope: Scope | 'anyone'): MiddlewareHandler {
  const mark = noted<MiddlewareHandler>((_, next) => next(), { security: securityOf(scope) });
  marks.set(mark, scope);
  return mark;
}

/** The same as the OpenAPI document says it. */
export const securityOf = (scope: Scope | 'anyone') =>
  scope === 'anyone' ? [] : [...new Set([scope, 'admin'])].map((one) => ({ token: [one] }));

/** Nobody is authenticated, nothing is counted: for what keeps its own door. */
export const openToAll: MiddlewareHandler = (_, next) => next();

/**
 * Makes what stands before every route. `verify` undefined: nobody is authenticated, and everybody may do everything. `limit`
 * undefined: requests are not counted.
 */
export function createGuard({
  verify,
  limit,
}: {
  readonly verify: Verify | undefined;
  readonly limit: Limit | undefined;
}): MiddlewareHandler {
  return async (c, next) => {
    const scope = scopeOf(c);
    if (scope === 'anyone') return next();
    const verdict = verify && scope && (await identify(c, verify));
    const identity = verdict && 'identity' in verdict ? verdict.identity : undefined;
    // After the token is looked at: who shows a good one is not limited by what others do behind the same address.
    const refused = limit?.(c, identity ? `subject ${identity.subject}` : `address ${addressOf(c)}`);
    if (refused) return refused;
    if (verdict && scope) {
      if (!('identity' in verdict)) return turnAway(c, verdict);
      if (!verdict.identity.scopes.some((has) => has === scope || has === 'admin'))
        return forbidden(c, scope, `The token needs the scope ${scope}.`);
      c.set('identity', verdict.identity);
    }
    return next();
  };
}

/** Undefined: nothing is there, which everybody may know. */
function scopeOf(c: Context): Scope | 'anyone' | undefined {
  const routes = matchedRoutes(c).filter(({ method }) => method !== 'ALL');
  const [first] = routes;
  if (!first) return undefined;
  // Another pattern that fits as well, and is more generous, does not answer this request.
  const answering = routes.filter(({ path }) => path === first.path);
  return answering.map(({ handler }) => marks.get(handler)).find(Boolean) ?? unmarked;
}

/** `missing`: no token was shown. */
type Refused = Exclude<Verdict, { identity: Identity }> | { readonly missing: true };

async function identify(c: Context, verify: Verify): Promise<Verdict | Refused> {
  const [scheme, token, ...rest] = (c.req.header('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer') return { missing: true };
  if (!token || rest.length > 0) return { invalid: 'it is not a token' };
  return verify(token);
}

/** 401 as RFC 6750 has it: an error is named only to those who have shown a token. */
function turnAway(c: Context, refused: Refused): Response {
  if ('unavailable' in refused)
    return comeAgain(c, 'tokens_unavailable', 'The keys cannot be fetched. Try again.');
  if ('missing' in refused) {
    c.header('www-authenticate', `Bearer realm="${realm}"`);
    return problem(c, 'token_needed', { detail: 'Show it as Authorization: Bearer.' });
  }
  const detail = `The token is not accepted: ${refused.invalid}.`;
  c.header(
    'www-authenticate',
    `Bearer realm="${realm}", error="invalid_token", error_description="${detail}"`,
  );
  return problem(c, 'token_invalid', { detail });
}

/** 403: a token with `scope` would be let do it. */
export function forbidden(c: Context, scope: Scope, detail: string): Response {
  c.header('www-authenticate', `Bearer realm="${realm}", error="insufficient_scope", scope="${scope}"`);
  return problem(c, 'forbidden', { detail });
}

/** Who asks, as his token says; undefined where nobody is authenticated. */
export function subjectOf(c: Context): string | undefined {
  return identityOf(c)?.subject;
}

/** The customer whose orders alone may be seen and changed by who asks; undefined: everybody's. */
export function customerOf(c: Context): string | undefined {
  const identity = identityOf(c);
  return identity?.scopes.includes('admin') ? undefined : identity?.subject;
}

const identityOf = (c: Context) => c.get('identity') as Identity | undefined;

/** Of the connection: what a header says of it anybody can say. */
function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return networkOf(incoming?.socket?.remoteAddress ?? '');
}
