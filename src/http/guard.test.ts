import { createHmac } from 'node:crypto';
import { Hono } from 'hono';
import { decodeJwt } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { audience, issuer, makeKey, startIdentityProvider } from '../../test/support/identity-provider.ts';
import {
  allow,
  createApp,
  createGuard,
  createRateLimit,
  createVerifier,
  customerOf,
  listen,
  signToken,
  subjectOf,
  type TokenSettings,
} from './index.ts';

const secret = 'a secret that is long enough for HS256';
/** A machine that stands still for a second has its keys all the same. */
const quiet = { onTrouble: () => {}, times: { timeoutMs: 30_000 } };

const routes = new Hono();
const tell = (c: Parameters<typeof subjectOf>[0]) =>
  c.json({ subject: subjectOf(c) ?? null, customer: customerOf(c) ?? null });
routes.get('/orders', allow('orders'), tell);
routes.post('/orders', allow('orders'), tell);
routes.get('/forgotten', tell);
routes.get('/orders/special', tell);
routes.get('/orders/:id', allow('orders'), tell);

function appOf(settings: TokenSettings | undefined, perMinute?: number, corsOrigins: string[] = []) {
  return createApp({
    routes: [routes],
    guard: createGuard({
      verify: settings && createVerifier(settings, quiet),
      limit: perMinute === undefined ? undefined : createRateLimit({ perMinute }),
    }),
    corsOrigins,
    ready: async () => [],
    onError: (error) => {
      throw error;
    },
    metrics: async () => ({ contentType: 'text/plain', text: 'up 1' }),
  });
}

const app = appOf({ secret });
const provider = await startIdentityProvider();
afterAll(() => provider.close());
const key = await makeKey('key-1');
const rsa = await makeKey('key-2', 'RS256');
provider.keys = [key.published, rsa.published];
const federated = appOf({ jwksUrl: provider.url, issuer, audience });

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const tokenFor = (subject: string, ...scopes: string[]) =>
  signToken({ secret }, { subject, scopes, minutes: 5 });
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
/** A token as whoever knows the secret could make it, with whatever is in it. */
const forged = (claims: object, header: object = { alg: 'HS256' }, by = secret) => {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
};
/** The claims of `other` under the signature of `token`. */
const exchanged = (token: string, other: string) =>
  [...other.split('.').slice(0, 2), token.split('.')[2]].join('.');
const status = async (path: string, token?: string, on = app) =>
  (await on.request(path, token === undefined ? {} : bearer(token))).status;

describe('scopes', () => {
  test.each([
    // path, without a token, then with the scopes: none, orders, metrics, admin
    ['/livez', 200, 200, 200, 200, 200],
    ['/readyz', 200, 200, 200, 200, 200],
    ['/orders', 401, 403, 200, 403, 200],
    ['/orders/7', 401, 403, 200, 403, 200],
    ['/metrics', 401, 403, 403, 200, 200],
    ['/forgotten', 401, 403, 403, 403, 200],
    ['/orders/special', 401, 403, 403, 403, 200],
    ['/nowhere', 404, 404, 404, 404, 404],
  ])('%s', async (path, ...expected) => {
    const tokens = [
      undefined,
      ...(await Promise.all(['', 'orders', 'metrics', 'admin'].map((scope) => tokenFor('cus_1', scope)))),
    ];
    expect(await Promise.all(tokens.map((token) => status(path, token)))).toEqual(expected);
  });

  test('a customer is kept to himself, an administrator is not, and everybody may do everything where nobody is authenticated', async () => {
    const told = async (on: typeof app, ...scopes: string[]) =>
      (await on.request('/orders', bearer(await tokenFor('cus_1', ...scopes)))).json();
    expect(await told(app, 'orders')).toEqual({ subject: 'cus_1', customer: 'cus_1' });
    expect(await told(app, 'metrics', 'orders')).toEqual({ subject: 'cus_1', customer: 'cus_1' });
    expect(await told(app, 'orders', 'admin')).toEqual({ subject: 'cus_1', customer: null });
    const open = appOf(undefined);
    expect(await told(open, 'orders')).toEqual({ subject: null, customer: null });
    expect(await status('/forgotten', undefined, open)).toBe(200);
  });

  test('what a route does not take is said without a token, and a HEAD needs what its GET needs', async () => {
    expect((await app.request('/orders', { method: 'DELETE' })).status).toBe(405);
    expect((await app.request('/forgotten', { method: 'HEAD' })).status).toBe(401);
  });
});

describe('refusals (RFC 6750)', () => {
  test.each([
    ['nothing', {}],
    ['another scheme', { headers: { authorization: 'Basic Y3VzXzE6' } }],
  ])('who shows %s is asked for a token, and hears of no error', async (_, init) => {
    const response = await app.request('/orders', init);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="order-saga"');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('a scope that is missing is named', async () => {
    const response = await app.request('/forgotten', bearer(await tokenFor('cus_1', 'orders')));
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="order-saga", error="insufficient_scope", scope="admin"',
    );
    expect(await response.json()).toMatchObject({ status: 403, detail: 'The token needs the scope admin.' });
  });

  const good = { sub: 'cus_1', scope: 'orders', exp: inSeconds(3_600) };
  test.each([
    ['no token', 'x', 'it is not a token'],
    ['two words', 'a b', 'it is not a token'],
    ['of another secret', forged(good, undefined, `${secret}!`), 'its signature does not fit'],
    ['changed', exchanged(forged(good), forged({ ...good, sub: 'cus_2' })), 'its signature does not fit'],
    ['cut', forged(good).slice(0, -1), 'its signature does not fit'],
    [
      'unsigned',
      `${forged(good, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
      'its algorithm is not allowed',
    ],
    ['of another algorithm', forged(good, { alg: 'HS512' }), 'its algorithm is not allowed'],
    ['critical of what nobody knows', forged(good, { alg: 'HS256', crit: ['x'], x: 1 }), 'it is not a token'],
    ['expired', forged({ ...good, exp: inSeconds(-40) }), 'it has expired'],
    ['good for ever', forged({ ...good, exp: undefined }), 'its claim exp is missing or not as it must be'],
    ['not valid yet', forged({ ...good, nbf: inSeconds(3_600) }), 'it is not valid yet'],
    ['nobody’s', forged({ ...good, sub: undefined }), 'its claim sub is missing or not as it must be'],
    ['of a name that is none', forged({ ...good, sub: 'a\u0000' }), 'its subject is not a customer id'],
    ['of a number', forged({ ...good, sub: 7 }), 'its subject is not a customer id'],
    ['of a long name', forged({ ...good, sub: 'x'.repeat(101) }), 'its subject is not a customer id'],
  ])('a token that is %s is not accepted', async (_, token, reason) => {
    const response = await app.request('/orders', bearer(token));
    expect(response.status).toBe(401);
    const detail = `The token is not accepted: ${reason}.`;
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="order-saga", error="invalid_token", error_description="${detail}"`,
    );
    expect(await response.json()).toMatchObject({ title: 'The token is not valid', detail });
  });

  test('clocks may differ by half a minute, either way', async () => {
    expect(await status('/orders', forged({ ...good, exp: inSeconds(-25) }))).toBe(200);
    expect(await status('/orders', forged({ ...good, nbf: inSeconds(25) }))).toBe(200);
  });

  test('a scope that is no text is none', async () =>
    expect(await status('/orders', forged({ ...good, scope: ['orders'] }))).toBe(403));
});

describe('an identity provider', () => {
  const claims = { sub: 'cus_1', scope: 'orders' };

  test('its tokens are accepted, of either algorithm', async () => {
    for (const one of [key, rsa])
      expect(await status('/orders', await one.sign(claims), federated)).toBe(200);
  });

  test.each([
    ['for others', () => key.sign({ ...claims, aud: 'another' }), 'aud'],
    ['for nobody', () => key.sign({ ...claims, aud: undefined }), 'aud'],
    ['of another issuer', () => key.sign({ ...claims, iss: 'https://other.example.com' }), 'iss'],
    ['of an unknown key', () => key.sign(claims, { kid: 'key-9' }), 'it is signed with an unknown key'],
    ['of another’s key', () => key.sign(claims, { kid: 'key-2' }), 'it is signed with an unknown key'],
    // The public key is no secret: who signs with it must not be let in.
    [
      'signed with what is public',
      async () =>
        forged(
          { ...claims, exp: inSeconds(60), iss: issuer, aud: audience },
          { alg: 'HS256', kid: 'key-2' },
          JSON.stringify(rsa.published),
        ),
      'its algorithm is not allowed',
    ],
  ])('tokens %s are not', async (_, make, reason) => {
    const token = await make();
    const response = await federated.request('/orders', bearer(token));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain(reason);
  });

  test('may have tokens that name no key, where only one can be meant', async () => {
    const nameless = await key.sign(claims, { kid: undefined });
    expect(await status('/orders', nameless, federated)).toBe(200);
    provider.keys = [key.published, (await makeKey('key-3')).published];
    const twofold = await appOf({ jwksUrl: provider.url, issuer, audience }).request(
      '/orders',
      bearer(nameless),
    );
    expect(twofold.status).toBe(401);
    expect(twofold.headers.get('www-authenticate')).toContain('it does not say with which key it is signed');
  });

  test('that is away: 503, and nobody is let in', async () => {
    const away = appOf({ jwksUrl: 'http://127.0.0.1:1/keys', issuer, audience });
    const response = await away.request('/orders', bearer(await key.sign(claims)));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await status('/orders', undefined, away)).toBe(401);
    expect(await status('/livez', undefined, away)).toBe(200);
  });
});

describe('rate limits', () => {
  test('are of the subject; who shows no good token is counted by his address; health is not counted', async () => {
    const limited = appOf({ secret }, 2);
    const [first, second] = await Promise.all([tokenFor('cus_1', 'orders'), tokenFor('cus_2', 'orders')]);
    const asked = async (token?: string) => status('/orders', token, limited);
    expect([await asked(first), await asked(first), await asked(first)]).toEqual([200, 200, 429]);
    expect(await asked(await tokenFor('cus_1', 'orders'))).toBe(429);
    expect(await asked(second)).toBe(200);
    expect([await asked(), await asked('x'), await asked('y'), await asked()]).toEqual([401, 401, 429, 429]);
    expect(await asked(second)).toBe(200);
    for (let n = 0; n < 3; n += 1) expect(await status('/livez', undefined, limited)).toBe(200);
  });

  test('by address, where nobody is authenticated: that of the connection', async () => {
    const server = await listen(appOf(undefined, 2), { host: '127.0.0.1', port: 0 });
    const ask = async (from: string) =>
      (await fetch(`${server.url}/orders`, { headers: { 'x-forwarded-for': from } })).status;
    expect([await ask('192.0.2.1'), await ask('192.0.2.2'), await ask('192.0.2.3')]).toEqual([200, 200, 429]);
    await server.close({ graceMs: 1_000 });
  });

  test('there are none unless they are asked for', async () =>
    expect((await app.request('/orders')).headers.get('ratelimit')).toBeNull());
});

describe('headers', () => {
  test.each(['/livez', '/orders', '/nowhere', '/metrics', '/orders/7'])('%s', async (path) => {
    for (const token of [undefined, await tokenFor('cus_1', 'orders')]) {
      const { headers } = await app.request(path, token === undefined ? {} : bearer(token));
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('a route may mean it otherwise', async () => {
    const own = new Hono().get('/page', allow('anyone'), (c) => {
      c.header('cache-control', 'max-age=60');
      return c.body('', 200, { 'content-security-policy': "default-src 'self'" });
    });
    const guard = createGuard({ verify: undefined, limit: undefined });
    const page = await createApp({ routes: [own], guard, ready: async () => [], onError: () => {} }).request(
      '/page',
    );
    expect(page.headers.get('cache-control')).toBe('max-age=60');
    expect(page.headers.get('content-security-policy')).toBe("default-src 'self'");
  });

  test('a failure has them too', async () => {
    const own = new Hono().get('/fails', allow('anyone'), () => {
      throw new Error('secret');
    });
    const guard = createGuard({ verify: undefined, limit: undefined });
    const answer = await createApp({
      routes: [own],
      guard,
      ready: async () => [],
      onError: () => {},
    }).request('/fails');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([500, 'no-store']);
  });

  const shop = 'https://shop.example.com';
  const preflight = (on: typeof app, origin: string) =>
    on.request('/orders', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  test('pages of other origins ask only where that is allowed', async () => {
    const open = appOf({ secret }, undefined, [shop]);
    const allowed = await preflight(open, shop);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(shop);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    // Also a refusal can be read by the page.
    const refused = await open.request('/orders', { headers: { origin: shop } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(shop);
    const other = await preflight(open, 'https://evil.example.com');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect((await preflight(app, shop)).headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a token of one’s own', () => {
  test('says for whom, what and how long, and is made for who looks at it', async () => {
    const settings = { secret, issuer, audience };
    const token = await signToken(settings, { subject: 'cus_1', scopes: ['orders'], minutes: 5 });
    expect(decodeJwt(token)).toMatchObject({ sub: 'cus_1', scope: 'orders', iss: issuer, aud: audience });
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(300);
    expect(await status('/orders', token, appOf(settings))).toBe(200);
    expect(await status('/orders', await tokenFor('cus_1', 'orders'), appOf(settings))).toBe(401);
  });
});
