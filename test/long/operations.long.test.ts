/** `docs/operations.md` with compose, done as it is written: installed, backed up, put back, upgraded, its secrets rotated, scaled. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/outbox/index.ts';
import { missingEngine, modules, openStack, type Stack } from '../support/compose.ts';
import { operation } from '../support/documented.ts';
import { makeFolder, removeFolder } from '../support/folder.ts';
import { cart, type Order } from '../support/shop.ts';
import { until } from '../support/until.ts';

const missing = missingEngine();
if (missing) process.stderr.write(`\n### docs/operations.md is not tested with compose: ${missing}\n\n`);

/** What the image is made of, and what the stack mounts: secrets are changed in a copy. */
const project = [
  '.dockerignore',
  '.npmrc',
  'build.js',
  'deploy',
  'docker-compose.yml',
  'package-lock.json',
  'package.json',
  'src',
  'tsconfig.json',
];

describe.skipIf(missing)('docs/operations.md with compose', { timeout: 240_000 }, () => {
  let folder: string;
  let stack: Stack;

  beforeAll(async () => {
    folder = await makeFolder();
    for (const path of project) await cp(path, join(folder, path), { recursive: true });
    stack = await openStack({ STOCK_PORTS: '31011-31015' }, folder);
    await stack.ready();
  }, 600_000);

  afterAll(async () => {
    await stack?.down();
    await removeFolder(folder);
  }, 60_000);

  /** Does what the page says under this name. */
  const follow = (info: string) => stack.shell(`${operation('sh functions')}\n${operation(`sh ${info}`)}`);
  const ask = async (path: string, body?: object) => {
    const [url] = await stack.urls('order');
    const json = { 'content-type': 'application/json' };
    return fetch(`${url}${path}`, body ? { method: 'POST', headers: json, body: JSON.stringify(body) } : {});
  };
  async function confirm(): Promise<string> {
    let id = '';
    await until(
      'an order is taken',
      async () => {
        const placed = await ask('/orders', cart());
        id = ((await placed.json()) as Order).id;
        return placed.status === 201;
      },
      80_000,
    );
    const status = async () => ((await (await ask(`/orders/${id}`)).json()) as Order).status;
    await until(`order ${id} is confirmed`, async () => (await status()) === 'confirmed');
    return id;
  }
  /** Whatever was done: orders are taken, and the three agree. */
  async function works(): Promise<void> {
    await stack.ready();
    await confirm();
    const script = `${operation('sh functions')}\naudit --grace-seconds 5`;
    await until('the audit is clean', async () => {
      const said = await stack.shell(script).catch(({ stdout }: { stdout: string }) => stdout);
      return said.includes('clean: nothing is wrong');
    });
  }

  test('it is installed once more over itself, and nothing is wrong', async () => {
    await follow('install');
    await works();
    expect(await follow('audit')).toContain('clean: nothing is wrong');
  });

  test('a backup, and back to it: what came before is there, what came after is not', async () => {
    await works();
    const before = await confirm();
    await follow('backup');
    await stack.ready();
    const after = await confirm();
    await follow('restore');
    await works();
    expect((await ask(`/orders/${before}`)).status).toBe(200);
    expect((await ask(`/orders/${after}`)).status).toBe(404);
  });

  test('the password of a database role: the old one is refused, the new one is used', async () => {
    const old = await stack.secret('order_database_url');
    await follow('rotate-database');
    await works();
    const now = await stack.secret('order_database_url');
    expect(now).not.toBe(old);
    const enters = async (url: string) => {
      const database = openDatabase({ url, name: 'test', maxConnections: 1 });
      try {
        return await database.query((sql) => sql`select 1`).then(() => 'it enters', String);
      } finally {
        await database.close();
      }
    };
    expect(await enters(now)).toBe('it enters');
    expect(await enters(old)).toContain('password authentication failed');
  });

  test('the password of a RabbitMQ user, which holds after a restart of RabbitMQ', async () => {
    const old = await stack.secret('order_amqp_url');
    await follow('rotate-broker');
    await works();
    await stack.compose('restart', 'rabbitmq');
    await works();
    await (await connect(await stack.secret('order_amqp_url'))).close();
    await expect(connect(old)).rejects.toThrow('ACCESS_REFUSED');
  });

  test('an upgrade, module by module', async () => {
    await stack.shell(`sed -i 's/"version": "[^"]*"/"version": "9.9.9"/' package.json`);
    await follow('upgrade');
    await works();
    for (const [url] of await Promise.all(modules.map((module) => stack.urls(module))))
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('order_saga_info{version="9.9.9"} 1');
  });

  test('three of Stock', async () => {
    await follow('scale');
    await works();
    expect(await stack.urls('stock')).toHaveLength(3);
  });
});
