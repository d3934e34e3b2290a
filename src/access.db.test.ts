/** The whole program where tokens are asked for: every door, the token command, the audit over doors. */
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { contract, fetchChecked } from '../test/support/client.ts';
import { createDatabase } from '../test/support/postgres.ts';
import { auditCommand } from './audit/command.ts';
import { ConfigError, moduleNames, readConfig } from './config.ts';
import { createMemoryBroker } from './embedded/broker.ts';
import { startService } from './service.ts';
import { createLog } from './telemetry/log.ts';
import { tokenCommand } from './token.ts';

const secret = 'a secret that is long enough for HS256';
const lines: string[] = [];
const created = await Promise.all(moduleNames.map(async (name) => ({ name, ...(await createDatabase()) })));
const service = await startService(
  readConfig('serve', { PORT: '0', SEED_DEMO: '1', AUTH_SECRET: secret, RATE_LIMIT_PER_MINUTE: '1000' }),
  {
    databaseUrls: Object.fromEntries(created.map(({ name, url }) => [name, url])),
    connectBroker: createMemoryBroker().connect,
  },
  createLog((line) => lines.push(line), 'json'),
);
await service.started;
afterAll(async () => {
  await service.stop();
  await Promise.all(created.map(({ drop }) => drop()));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** What a command writes, and its exit code; a fault is thrown. */
async function run(
  command: (out: (text: string) => void) => Promise<number>,
  env: Record<string, string>,
): Promise<{ code: number; output: string }> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  let output = '';
  const code = await command((text) => {
    output += text;
  });
  vi.unstubAllEnvs();
  return { code, output };
}
const tokenOf = async (subject: string, scope: string) =>
  (
    await run((out) => tokenCommand(['--sub', subject, '--scope', scope], out), { AUTH_SECRET: secret })
  ).output.trim();
const [customer, scraper, operator] = await Promise.all([
  tokenOf('cus_1', 'orders'),
  tokenOf('prometheus', 'metrics'),
  tokenOf('ops', 'admin'),
]);

const ask = (method: string, path: string, token?: string, body?: object) =>
  fetchChecked(`${service.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });

const id = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';
const open = [
  ...['GET /livez', 'GET /readyz', 'GET /problems', 'GET /problems/forbidden'],
  ...['GET /openapi.json', 'GET /asyncapi.json', 'GET /docs', 'GET /docs/page.js'],
];
const forCustomers = [
  'POST /orders',
  'GET /orders',
  `GET /orders/${id}`,
  `GET /orders/${id}/timeline`,
  `GET /orders/${id}/events`,
  'GET /orders/events?customerId=cus_1',
  `POST /orders/${id}/cancel`,
  'GET /products',
  'GET /products/MUG-01',
];
const forScrapers = ['GET /metrics'];
const forAdministrators = [
  'PUT /products/MUG-01',
  'POST /products/MUG-01/receipts',
  'GET /payments',
  'GET /admin/audit',
  `POST /admin/order/orders/${id}/deadline`,
  'POST /admin/order/webhooks',
  'GET /admin/order/webhooks',
  `GET /admin/order/webhooks/${id}`,
  `DELETE /admin/order/webhooks/${id}`,
  `POST /admin/order/webhooks/${id}/rotate`,
  `POST /admin/order/webhooks/${id}/enable`,
  `POST /admin/order/webhooks/${id}/replay`,
  'GET /admin/order/deliveries',
  `GET /admin/order/deliveries/${id}`,
  `POST /admin/order/deliveries/${id}/replay`,
  'GET /admin/order/notices',
  ...moduleNames.flatMap((name) => [
    `GET /admin/${name}/facts`,
    `GET /admin/${name}/outbox`,
    `GET /admin/${name}/failures`,
    `GET /admin/${name}/failures/${id}`,
    `POST /admin/${name}/failures/redrive`,
    `POST /admin/${name}/failures/discard`,
  ]),
];

describe('every door', () => {
  /** 401 and 403 are the guard's; whatever else comes is from behind it. */
  const letIn = async (door: string, token?: string) => {
    const [method = '', path = ''] = door.split(' ');
    const { status, body } = await ask(method, path, token);
    await body?.cancel();
    return status === 401 || status === 403 ? status : 'in';
  };

  test.each<[string, readonly string[], readonly (401 | 403 | 'in')[]]>([
    ['everybody', open, ['in', 'in', 'in', 'in']],
    ['customers', forCustomers, [401, 'in', 403, 'in']],
    ['who reads the metrics', forScrapers, [401, 403, 'in', 'in']],
    ['administrators only', forAdministrators, [401, 403, 403, 'in']],
  ])('for %s lets in those and administrators', async (_, doors, expected) => {
    for (const door of doors)
      expect([
        door,
        ...(await Promise.all([undefined, customer, scraper, operator].map((token) => letIn(door, token)))),
      ]).toEqual([door, ...expected]);
  });

  test('that is documented is among these, for those whom the document names', () => {
    const lists = { '': open, orders: forCustomers, metrics: forScrapers, admin: forAdministrators };
    for (const { method, path, operation } of contract.operations) {
      const pattern = new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '[^/]+')}(\\?.*)?$`);
      const found = Object.entries(lists).filter(([, doors]) => doors.some((door) => pattern.test(door)));
      expect([pattern, ...found.map(([scope]) => scope)]).toEqual([
        pattern,
        operation.security[0]?.['token']?.[0] ?? '',
      ]);
    }
  });
});

test('a customer places an order with a token of the token command, and it is confirmed', async () => {
  const order = { customerId: 'cus_1', lines: [{ sku: 'MUG-01', quantity: 1 }], paymentToken: 'tok_visa' };
  const placed = await ask('POST', '/orders', customer, order);
  expect(placed.status).toBe(201);
  expect(placed.headers.get('ratelimit-policy')).toBe('"requests";q=1000;w=60');
  const location = placed.headers.get('location') ?? '';
  const status = async () =>
    ((await (await ask('GET', location, customer)).json()) as { status: string }).status;
  await expect.poll(status).toBe('confirmed');
});

test('the log says who did it, whatever he calls himself', async () => {
  const account = { by: 'somebody', reason: 'repaired', all: true };
  expect((await ask('POST', '/admin/stock/failures/redrive', operator, account)).status).toBe(200);
  const line = lines.find((text) => text.includes('failures redrive'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ by: 'somebody', subject: 'ops' });
  expect(lines.join()).not.toContain(operator);
});

describe('the audit', () => {
  const doors = { ORDER_URL: service.url, STOCK_URL: service.url, PAYMENT_URL: service.url };
  const audit = (env: Record<string, string>) =>
    run((out) => auditCommand(['--json'], { out, progress: undefined }), { ...doors, ...env });

  test('reads over the doors with a token for administrators', async () => {
    // Not the findings: orders of other tests may be on their way.
    const { output } = await audit({ ADMIN_TOKEN: operator });
    expect(JSON.parse(output)).toMatchObject({ findings: [] });
  });

  test.each([
    ['without a token', {}, '(401)'],
    ['with a customer’s', { ADMIN_TOKEN: customer }, '(403)'],
  ])('%s says what is missing', async (_, env, status) => {
    const failed = audit(env);
    await expect(failed).rejects.toThrow('set ADMIN_TOKEN');
    await expect(failed).rejects.toThrow(status);
  });
});

describe('the token command', () => {
  const make = (args: string[], env: Record<string, string> = { AUTH_SECRET: secret }) =>
    run((out) => tokenCommand(args, out), env);
  const good = ['--sub', 'cus_1', '--scope', 'orders'];

  test('--help tells of its options', async () => {
    const { code, output } = await make(['--help'], {});
    expect(code).toBe(0);
    for (const option of ['--sub', '--scope', '--minutes', 'AUTH_SECRET']) expect(output).toContain(option);
  });

  test('a token is on one line, and nothing else is', async () => {
    const { code, output } = await make([...good, '--minutes', '5']);
    expect(code).toBe(0);
    expect(output).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { exp, iat } = JSON.parse(Buffer.from(output.split('.')[1] ?? '', 'base64url').toString());
    expect(exp - iat).toBe(300);
  });

  test.each<[string[], Record<string, string>, string]>([
    [['--scope', 'orders'], { AUTH_SECRET: secret }, '--sub must be an id'],
    [['--sub', 'x'.repeat(101), '--scope', 'orders'], { AUTH_SECRET: secret }, '--sub must be an id'],
    [['--sub', 'cus_1'], { AUTH_SECRET: secret }, '--scope must be some of orders, metrics, admin'],
    [['--sub', 'cus_1', '--scope', 'orders root'], { AUTH_SECRET: secret }, '--scope must be some of'],
    [[...good, '--minutes', '0'], { AUTH_SECRET: secret }, '--minutes must be a whole number'],
    [[...good, '--minutes', 'x'], { AUTH_SECRET: secret }, '--minutes must be a whole number'],
    [[...good, '--colour', 'red'], { AUTH_SECRET: secret }, "Unknown option '--colour'"],
    [good, {}, 'AUTH_SECRET is needed'],
    [
      good,
      { AUTH_JWKS_URL: 'https://id.example.com/keys', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y' },
      'its identity provider makes the tokens',
    ],
    [good, { AUTH_SECRET: 'short' }, 'AUTH_SECRET must have at least 32 characters'],
  ])('%j with %j is refused', async (args, env, fault) => {
    const failed = make(args, env);
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(fault);
  });
});
