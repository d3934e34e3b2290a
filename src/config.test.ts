import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const urls = {
  ORDER_DATABASE_URL: 'postgres://order@db/order',
  STOCK_DATABASE_URL: 'postgres://stock@db/stock',
  PAYMENT_DATABASE_URL: 'postgres://payment@db/payment',
};
const everything = { ...urls, AMQP_URL: 'amqp://a,amqp://b' };

const secret = 'a secret that is long enough for HS256';
const keys = {
  AUTH_JWKS_URL: 'https://id.example.com/keys?policy=1',
  AUTH_ISSUER: 'https://id.example.com',
  AUTH_AUDIENCE: 'order-saga',
};

const faults = (environment: Record<string, string>, command: Parameters<typeof readConfig>[0] = 'serve') => {
  try {
    readConfig(command, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

describe('serve', () => {
  test('nothing set: everything, embedded, on loopback, with demo products', () => {
    expect(readConfig('serve', {})).toMatchObject({
      modules: ['order', 'stock', 'payment'],
      services: null,
      http: { host: '127.0.0.1', port: 3000 },
      seedDemo: true,
      migrate: true,
      stepTimeoutSeconds: 30,
      stepMaxAttempts: 8,
    });
  });

  test('an empty variable is none', () =>
    expect(readConfig('serve', { AMQP_URL: '', PORT: '' }).services).toBeNull());

  test('all services named: none is brought along', () => {
    const { services, seedDemo } = readConfig('serve', everything);
    expect(services?.amqpUrl).toBe('amqp://a,amqp://b');
    expect(seedDemo).toBe(false);
  });

  test.each([
    ['order', 3000],
    ['stock', 3001],
    ['payment', 3002],
    ['payment,stock', 3002],
  ])('MODULE=%s serves at port %i', (module, port) =>
    expect(readConfig('serve', { ...everything, MODULE: module }).http.port).toBe(port),
  );

  test('a single module needs only its own', () => {
    const own = { MODULE: 'stock', STOCK_DATABASE_URL: urls.STOCK_DATABASE_URL, AMQP_URL: 'amqp://a' };
    expect(readConfig('serve', own).services?.databaseUrls).toEqual({ stock: urls.STOCK_DATABASE_URL });
  });

  test.each([
    [urls, 'AMQP_URL missing: name every service, or none of them to have them embedded'],
    [
      { AMQP_URL: 'amqp://a' },
      'ORDER_DATABASE_URL, STOCK_DATABASE_URL, PAYMENT_DATABASE_URL missing: name every service',
    ],
    [
      { MODULE: 'order' },
      'MODULE=order needs ORDER_DATABASE_URL, AMQP_URL: only MODULE=all can bring its own services',
    ],
    [{ MODULE: 'shop' }, 'MODULE must be all, order, stock, payment, or a comma list'],
    [{ HOST: '0.0.0.0' }, 'HOST=0.0.0.0 would serve everyone who reaches it without authentication'],
    [{ PORT: '70000' }, 'PORT'],
    [{ PORT: 'x' }, 'PORT must be a port number'],
    [{ STEP_TIMEOUT_SECONDS: '0' }, 'STEP_TIMEOUT_SECONDS'],
    [{ STEP_MAX_ATTEMPTS: '1.5' }, 'STEP_MAX_ATTEMPTS must be a whole number'],
    [{ MIGRATE: 'yes' }, 'MIGRATE must be 0 or 1'],
    [{ PAYMENT_GATEWAY: 'paper' }, 'PAYMENT_GATEWAY must be simulated or http'],
    [{ PAYMENT_GATEWAY: 'http' }, 'PAYMENT_GATEWAY=http needs GATEWAY_URL'],
    [{ GATEWAY_URL: 'ftp://a' }, 'GATEWAY_URL must begin with http://'],
    [{ GATEWAY_URL: 'http://' }, 'GATEWAY_URL must be an address without user'],
    [{ GATEWAY_URL: 'http://secret@a' }, 'what authenticates goes into GATEWAY_TOKEN'],
    [{ GATEWAY_URL: 'http://a?key=secret' }, 'what authenticates goes into GATEWAY_TOKEN'],
    [{ SMTP_URL: 'http://user:secret@a', MAIL_FROM: 'a@example.com' }, 'SMTP_URL must begin with smtp://'],
    [{ SMTP_URL: 'smtp://', MAIL_FROM: 'a@example.com' }, 'SMTP_URL must name a mail server'],
    [{ SMTP_URL: 'smtp://user:secret@a' }, 'SMTP_URL needs MAIL_FROM'],
    [{ SMTP_URL: 'smtp://a', MAIL_FROM: 'shop' }, 'MAIL_FROM must be an e-mail address'],
    [
      { MAIL_FROM: 'The shop <a@example.com>\r\nBcc: <b@example.com>' },
      'MAIL_FROM must be an e-mail address',
    ],
    [{ WEBHOOK_NETWORKS: '10.0.0.0' }, 'WEBHOOK_NETWORKS must be a comma list of networks'],
    [{ WEBHOOK_NETWORKS: '10.0.0.0/8,10.1.0.0/33' }, 'WEBHOOK_NETWORKS must be a comma list of networks'],
    [{ GATEWAY_TOKEN: 'secret\r\nx: y' }, 'GATEWAY_TOKEN must be of printable ASCII characters'],
    [{ ...everything, AMQP_URL: 'http://user:secret@a' }, 'AMQP_URL must begin with amqp://'],
    [
      { AMQP_URL: 'amqp://a', AMQP_URL_FILE: '/nowhere' },
      'AMQP_URL and AMQP_URL_FILE are both set: keep one',
    ],
  ])('%o is a fault that says what to do', (environment, fault) => {
    const told = faults(environment).join('\n');
    expect(told).toContain(fault);
    expect(told).not.toContain('secret');
  });

  test.each([
    [{ AUTH: 'jwt' }, 'AUTH=jwt needs AUTH_JWKS_URL or AUTH_SECRET'],
    [{ AUTH: 'basic' }, 'AUTH must be none or jwt'],
    [{ AUTH_SECRET: 'secret' }, 'AUTH_SECRET must have at least 32 characters'],
    [{ ...keys, AUTH_SECRET: secret }, 'AUTH_SECRET and AUTH_JWKS_URL are both set: keep one'],
    [{ ...keys, AUTH_ISSUER: '' }, 'AUTH_JWKS_URL needs AUTH_ISSUER and AUTH_AUDIENCE'],
    [{ ...keys, AUTH_AUDIENCE: '' }, 'AUTH_JWKS_URL needs AUTH_ISSUER and AUTH_AUDIENCE'],
    [{ ...keys, AUTH_JWKS_URL: 'http://id.example.com/keys' }, 'AUTH_JWKS_URL must be https://'],
    [{ ...keys, AUTH_JWKS_URL: 'https://secret@id.example.com' }, 'AUTH_JWKS_URL must be https://'],
    [{ ...keys, AUTH_JWKS_URL: 'file:///etc/passwd' }, 'AUTH_JWKS_URL must be https://'],
    [{ HOST: '0.0.0.0', AUTH: 'jwt' }, 'AUTH=jwt needs'],
    [{ CORS_ORIGINS: '*' }, 'CORS_ORIGINS must be a comma list of origins'],
    [{ CORS_ORIGINS: 'https://shop.example.com/' }, 'CORS_ORIGINS must be a comma list of origins'],
    [{ RATE_LIMIT_PER_MINUTE: '0' }, 'RATE_LIMIT_PER_MINUTE'],
    [{ RATE_LIMIT_PER_MINUTE: '1.5' }, 'RATE_LIMIT_PER_MINUTE must be a whole number'],
  ])('%o is one fault', (environment, fault) => {
    const told = faults(environment);
    expect(told).toEqual([expect.stringContaining(fault)]);
    expect(told.join()).not.toContain(secret);
  });

  test('every fault is told at once', () =>
    expect(faults({ PORT: 'x', MIGRATE: 'yes', MODULE: 'shop' })).toHaveLength(3));

  test('listening beyond loopback is allowed when it is said aloud', () =>
    expect(readConfig('serve', { HOST: '0.0.0.0', AUTH: 'none' }).http.host).toBe('0.0.0.0'));

  test('or when tokens are asked for, which a key says as well as AUTH=jwt', () => {
    const everywhere = { HOST: '0.0.0.0' };
    expect(readConfig('serve', { ...everywhere, AUTH_SECRET: secret }).tokens).toEqual({ secret });
    expect(readConfig('serve', { ...everywhere, ...keys, AUTH: 'jwt' }).tokens).toEqual({
      jwksUrl: keys.AUTH_JWKS_URL,
      issuer: keys.AUTH_ISSUER,
      audience: keys.AUTH_AUDIENCE,
    });
    expect(readConfig('serve', { ...keys, AUTH_JWKS_URL: 'http://127.0.0.1:9/keys' }).tokens).toMatchObject({
      jwksUrl: 'http://127.0.0.1:9/keys',
    });
  });

  test('nobody is authenticated on loopback unless it is wished, nor where that is said aloud', () => {
    expect(readConfig('serve', {}).tokens).toBeUndefined();
    expect(readConfig('serve', { AUTH: 'none', AUTH_SECRET: secret }).tokens).toBeUndefined();
  });

  test('nothing is counted and no page let in unless told', () => {
    expect(readConfig('serve', {})).toMatchObject({ rateLimitPerMinute: undefined, corsOrigins: [] });
    const told = {
      RATE_LIMIT_PER_MINUTE: '600',
      CORS_ORIGINS: 'https://a.example.com, http://localhost:5173',
    };
    expect(readConfig('serve', told)).toMatchObject({
      rateLimitPerMinute: 600,
      corsOrigins: ['https://a.example.com', 'http://localhost:5173'],
    });
  });
});

describe('the card processor', () => {
  const http = {
    PAYMENT_GATEWAY: 'http',
    GATEWAY_URL: 'https://processor.example.com/v1',
    GATEWAY_TOKEN: 'secret',
  };

  test('is simulated unless told', () => {
    expect(readConfig('serve', {}).gatewayUrl).toBeUndefined();
    expect(readConfig('serve', { ...http, PAYMENT_GATEWAY: 'simulated' }).gatewayUrl).toBeUndefined();
    expect(readConfig('serve', http)).toMatchObject({ gatewayUrl: http.GATEWAY_URL, gatewayToken: 'secret' });
  });

  test('is asked for only where payments are made', () => {
    expect(faults({ ...everything, MODULE: 'order,stock', PAYMENT_GATEWAY: 'http' })).toEqual([]);
    expect(faults({ ...urls, PAYMENT_GATEWAY: 'http' }, 'migrate')).toEqual([]);
  });
});

describe('telling customers', () => {
  test('mail is sent where a mail server is named', () => {
    expect(readConfig('serve', {}).mail).toBeUndefined();
    const mail = {
      SMTP_URL: 'smtps://user:secret@mail.example.com',
      MAIL_FROM: 'The shop <shop@example.com>',
    };
    expect(readConfig('serve', mail).mail).toEqual({ url: mail.SMTP_URL, from: mail.MAIL_FROM });
    expect(
      faults({
        MODULE: 'stock',
        STOCK_DATABASE_URL: 'postgres://a',
        AMQP_URL: 'amqp://a',
        SMTP_URL: 'smtp://a',
      }),
    ).toEqual([]);
  });

  test('webhooks reach the networks that are named', () => {
    expect(readConfig('serve', {}).webhookNetworks).toEqual([]);
    expect(readConfig('serve', { WEBHOOK_NETWORKS: '10.0.0.0/8, ::1/128' }).webhookNetworks).toEqual([
      '10.0.0.0/8',
      '::1/128',
    ]);
  });
});

describe('gateway-simulator', () => {
  test('needs nothing, listens on loopback, at a port of its own', () => {
    expect(readConfig('gateway-simulator', {}).http).toEqual({ host: '127.0.0.1', port: 3003 });
    expect(faults({ HOST: '0.0.0.0' }, 'gateway-simulator').join()).toContain('AUTH=none');
    // It looks at no tokens of customers: a key for those does not protect it.
    expect(faults({ HOST: '0.0.0.0', AUTH_SECRET: secret }, 'gateway-simulator').join()).toContain(
      'AUTH=none',
    );
  });
});

describe('migrate', () => {
  test('needs databases, and nothing else', () => {
    expect(faults({ MODULE: 'order', ORDER_DATABASE_URL: urls.ORDER_DATABASE_URL }, 'migrate')).toEqual([]);
    expect(faults({ HOST: '0.0.0.0', ...urls }, 'migrate')).toEqual([]);
    expect(faults({}, 'migrate').join()).toContain(
      'ORDER_DATABASE_URL, STOCK_DATABASE_URL, PAYMENT_DATABASE_URL missing',
    );
  });
});

describe('audit', () => {
  const doors = { ORDER_URL: 'http://order', STOCK_URL: 'http://stock', PAYMENT_URL: 'https://payment' };

  test('nothing set: what was brought along', () => {
    expect(readConfig('audit', {})).toMatchObject({ services: null, doors: {} });
    expect(readConfig('audit', { MODULE: 'stock', DATA_DIR: 'x' })).toMatchObject({
      services: null,
      dataDir: 'x',
    });
  });

  test('of each module its database, or its door', () => {
    expect(readConfig('audit', urls).services?.databaseUrls).toEqual({
      order: urls.ORDER_DATABASE_URL,
      stock: urls.STOCK_DATABASE_URL,
      payment: urls.PAYMENT_DATABASE_URL,
    });
    expect(readConfig('audit', doors)).toMatchObject({
      services: { databaseUrls: {} },
      doors: { order: 'http://order', stock: 'http://stock', payment: 'https://payment' },
    });
    expect(faults({ ...doors, ORDER_URL: '', ORDER_DATABASE_URL: urls.ORDER_DATABASE_URL }, 'audit')).toEqual(
      [],
    );
  });

  test('a module of which neither is known is a fault', () => {
    expect(faults({ ORDER_URL: 'http://order' }, 'audit')).toEqual([
      'STOCK_DATABASE_URL or STOCK_URL, PAYMENT_DATABASE_URL or PAYMENT_URL missing: an audit compares all three',
    ]);
    expect(faults({ ...doors, ORDER_URL: 'order:3000' }, 'audit')).toEqual([
      'ORDER_URL must begin with http://',
    ]);
  });
});
