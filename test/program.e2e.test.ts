/** The program from outside: what it answers to a wrong command, a wrong environment, a signal. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchPatiently } from './support/client.ts';
import { makeFolder, removeFolder } from './support/folder.ts';
import { freePorts } from './support/ports.ts';
import { createDatabase } from './support/postgres.ts';
import { launch, runProgram, startProgram } from './support/program.ts';
import { until } from './support/until.ts';

const folder = await makeFolder();
afterAll(() => removeFolder(folder));

const nowhere = 'postgres://nobody:secret@127.0.0.1:1/none';

describe('commands', () => {
  test('--help names every command and variable', async () => {
    const { code, output } = await runProgram(['--help']);
    expect(code).toBe(0);
    for (const word of [
      'serve',
      'migrate',
      'token',
      'gateway-simulator',
      'AUTH_JWKS_URL',
      'MODULE',
      'ORDER_DATABASE_URL',
      'INQUIRY_AFTER_SECONDS',
      'NAME_FILE',
    ])
      expect(output).toContain(word);
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await runProgram(['--version'])).toEqual({ code: 0, signal: null, output: `${version}\n` });
  });

  test('token makes one and writes nothing else', async () => {
    const args = ['token', '--sub', 'cus_1', '--scope', 'orders'];
    const made = await runProgram(args, { AUTH_SECRET: 'a secret that is long enough for HS256' });
    expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) });
    expect(await runProgram(args)).toMatchObject({
      code: 2,
      output: expect.stringContaining('AUTH_SECRET is needed'),
    });
  });

  test('an unknown command is refused', async () =>
    expect(await runProgram(['dance'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('there is no command dance'),
    }));
});

describe('a wrong environment is one line that says what to do, and exit code 2', () => {
  test.each([
    [
      'some services but not all',
      { ORDER_DATABASE_URL: nowhere },
      'STOCK_DATABASE_URL, PAYMENT_DATABASE_URL, AMQP_URL missing',
    ],
    [
      'a single module without its services',
      { MODULE: 'stock' },
      'MODULE=stock needs STOCK_DATABASE_URL, AMQP_URL',
    ],
    ['an unknown module', { MODULE: 'shop' }, 'MODULE must be all, order, stock, payment'],
    ['listening to the world', { HOST: '0.0.0.0' }, 'AUTH=none says that this is meant'],
    ['tokens without a key', { AUTH: 'jwt' }, 'AUTH=jwt needs AUTH_JWKS_URL or AUTH_SECRET'],
    [
      'a card processor without its address',
      { PAYMENT_GATEWAY: 'http' },
      'PAYMENT_GATEWAY=http needs GATEWAY_URL',
    ],
    ['no number', { STEP_TIMEOUT_SECONDS: 'soon' }, 'STEP_TIMEOUT_SECONDS must be a number'],
    [
      'a file that is not there',
      { AMQP_URL_FILE: '/nowhere' },
      'AMQP_URL_FILE names a file that cannot be read',
    ],
  ])('%s', async (_, env, line) => {
    const { code, output } = await runProgram([], { DATA_DIR: folder, ...env });
    expect(output).toContain(line);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).not.toContain('secret');
    expect(code).toBe(2);
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const env = {
      MODULE: 'stock',
      STOCK_DATABASE_URL: nowhere,
      AMQP_URL: 'amqp://127.0.0.1:1',
      PORT: String(port),
    };
    const { code, output } = await runProgram([], env);
    server.close();
    expect(output).toContain(`${port}`);
    expect(code).toBe(2);
  });
});

describe('migrate', () => {
  test('brings a database to the newest schema, once; a secret may come from a file', async () => {
    const { url, drop } = await createDatabase();
    const file = join(folder, 'url');
    await writeFile(file, `${url}\n`);
    const env = { MODULE: 'stock', STOCK_DATABASE_URL_FILE: file };
    const first = await runProgram(['migrate'], env);
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('stock/001') });
    expect(await runProgram(['migrate'], env)).toMatchObject({
      code: 0,
      output: expect.stringContaining('"stock":[]'),
    });
    await drop();
  });

  test('waits for a database that is not there yet, until it is, or until it is told to stop', async () => {
    const name = 'test_made_later';
    const { url, drop } = await createDatabase({ name });
    await drop();
    const waiting = async () => {
      const program = launch({ MODULE: 'stock', STOCK_DATABASE_URL: url }, { args: ['migrate'] });
      await until('it says so', () => program.output().includes("waiting for stock's database"));
      return program;
    };
    const [patient, stopped] = await Promise.all([waiting(), waiting()]);
    stopped.child.kill('SIGTERM');
    expect(await stopped.ended).toMatchObject({ code: 1, output: expect.stringContaining('not migrated') });
    const made = await createDatabase({ name });
    expect(await patient.ended).toMatchObject({ code: 0, output: expect.stringContaining('stock/001') });
    await made.drop();
  });

  test('without a database it says what is missing', async () =>
    expect(await runProgram(['migrate'], { MODULE: 'order' })).toMatchObject({
      code: 2,
      output: expect.stringContaining('ORDER_DATABASE_URL missing'),
    }));
});

test('the bundle alone, without node_modules, runs against services of its own', async () => {
  const { url, drop } = await createDatabase();
  const alone = join(folder, 'alone');
  await mkdir(alone);
  await copyFile('dist/main.js', join(alone, 'main.mjs'));
  const env = { MODULE: 'stock', STOCK_DATABASE_URL: url, AMQP_URL: 'amqp://127.0.0.1:1', SEED_DEMO: '1' };
  const program = await startProgram(env, { bundle: join(alone, 'main.mjs'), cwd: alone });
  expect((await fetchPatiently(`${program.url}/products/MUG-01`)).status).toBe(200);
  // The broker that is not there yet does not make it unready: the outbox is there for that.
  await until('it is ready', async () => (await fetch(`${program.url}/readyz`)).status === 200);
  expect(await program.end()).toBe(0);
  await drop();
});

test('a database that is not there yet is waited for, alive but not ready', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  await drop();
  const [port = 0] = await freePorts(1);
  const env = {
    MODULE: 'payment',
    PAYMENT_DATABASE_URL: url,
    AMQP_URL: 'amqp://127.0.0.1:1',
    PORT: String(port),
  };
  const starting = startProgram(env);
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => 0,
    );
  await until('it lives', async () => (await ask('/livez')) === 200);
  expect(await ask('/readyz')).toBe(503);
  const { drop: dropAgain } = await createDatabase({ name: new URL(url).pathname.slice(1) });
  const program = await starting;
  expect(program.output()).toContain("waiting for payment's database");
  await until('it is ready', async () => (await ask('/readyz')) === 200);
  expect(await program.end()).toBe(0);
  await dropAgain();
});

describe('embedded', () => {
  test('serves, stops on SIGTERM with 0, and keeps its orders for the next run', {
    timeout: 60_000,
  }, async () => {
    const env = { DATA_DIR: join(folder, 'kept') };
    const first = await startProgram(env);
    const placed = await fetchPatiently(`${first.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'kept' },
      body: JSON.stringify({
        customerId: 'cus_1',
        lines: [{ sku: 'MUG-01', quantity: 1 }],
        paymentToken: 'tok_visa',
      }),
    });
    expect(placed.status).toBe(201);
    const { id } = (await placed.json()) as { id: string };
    expect(await first.end()).toBe(0);
    const second = await startProgram(env);
    const status = async () =>
      ((await (await fetch(`${second.url}/orders/${id}`)).json()) as { status: string }).status;
    await expect.poll(status, { timeout: 45_000 }).toBe('confirmed');
    expect(await second.end('SIGINT')).toBe(0);
  });

  test('a DATA_DIR in use is refused, and who has it is named', { timeout: 60_000 }, async () => {
    const env = { DATA_DIR: join(folder, 'shared') };
    const first = await startProgram(env);
    const { code, output } = await runProgram([], { ...env, PORT: '0' });
    expect(output).toContain(`is in use by process ${first.pid}, which serves ${first.url}`);
    expect(code).toBe(2);
    expect(await first.end()).toBe(0);
  });

  test('after kill -9 the next run starts', { timeout: 60_000 }, async () => {
    const env = { DATA_DIR: join(folder, 'killed') };
    const first = await startProgram(env);
    await first.end('SIGKILL');
    const second = await startProgram(env);
    await until('it is ready', async () => (await fetch(`${second.url}/readyz`)).status === 200);
    expect(await second.end()).toBe(0);
  });
});
