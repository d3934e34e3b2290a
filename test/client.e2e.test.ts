/** What a stranger does with a running server: generates a client from its document, writes a program with it, and reads its page. */
import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import openapiTypes, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from './support/documented.ts';
import { makeFolder, removeFolder } from './support/folder.ts';
import { type Program, runProgram, startProgram } from './support/program.ts';
import { until } from './support/until.ts';

const secret = { AUTH_SECRET: 'a secret that is long enough for HS256' };
const folder = await makeFolder();
let program: Program;
beforeAll(async () => {
  program = await startProgram({ DATA_DIR: join(folder, 'data'), ...secret });
  await until('it is ready', async () => (await fetch(`${program.url}/readyz`)).ok);
});
afterAll(async () => {
  await program.end();
  await removeFolder(folder);
});

const tokenFor = async (sub: string, scope: string) =>
  (await runProgram(['token', '--sub', sub, '--scope', scope], secret)).output.trim();
const node = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)(process.execPath, [...args], { cwd: folder, env: { ...env } });

/** A program that knows the shop from its document alone. What is not in the document does not compile. */
const stranger = `
import createClient from 'openapi-fetch';
import type { components, paths } from './shop.d.ts';

declare const process: { readonly env: Readonly<Record<string, string>> };
const { URL: baseUrl, TOKEN } = process.env;
const shop = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${TOKEN}\` } });

const told: (components['schemas']['Order']['status'] | components['schemas']['Problem']['code'])[] = [];
const order = (paymentToken: string, prefer?: string) =>
  shop.POST('/orders', {
    params: { header: prefer === undefined ? {} : { Prefer: prefer } },
    body: { customerId: 'cus_1', lines: [{ sku: 'MUG-01', quantity: 2 }], paymentToken },
  });

const placed = await order('tok_visa', 'wait=10');
if (!placed.data) throw new Error(placed.error.code);
told.push(placed.data.status);

const read = await shop.GET('/orders/{id}', { params: { path: { id: placed.data.id } } });
told.push(read.data?.status ?? read.error!.code);

const late = await shop.POST('/orders/{id}/cancel', { params: { path: { id: placed.data.id } } });
told.push(late.data?.status ?? late.error!.code);

const slow = await order('tok_timeout');
const cancelled = await shop.POST('/orders/{id}/cancel', { params: { path: { id: slow.data!.id } } });
told.push(cancelled.data?.status ?? cancelled.error!.code);

const first = await shop.GET('/orders', { params: { query: { customerId: 'cus_1', limit: 1 } } });
const second = await shop.GET('/orders', { params: { query: { limit: 1, after: first.data!.nextCursor! } } });
told.push(...[first, second].flatMap(({ data }) => data!.data.map(({ status }) => status)));

const none = await shop.GET('/payments');
told.push(none.error!.code);

// @ts-expect-error: there is no such path.
shop.GET satisfies (path: '/nowhere') => unknown;
// @ts-expect-error: an order has no such property.
placed.data.colour;

console.log(JSON.stringify(told));
`;

test('a generated client places, reads, lists and cancels', async () => {
  const types = await openapiTypes(new URL(`${program.url}/openapi.json`));
  await writeFile(join(folder, 'shop.d.ts'), astToString(types));
  await writeFile(join(folder, 'stranger.ts'), stranger);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  const compile = [
    ...[resolve('node_modules/typescript/bin/tsc'), 'stranger.ts', '--outDir', 'out', '--strict'],
    ...['--target', 'es2023', '--lib', 'es2023,dom', '--module', 'nodenext', '--ignoreConfig'],
    ...['--rewriteRelativeImportExtensions'],
  ];
  const compiled = await node(compile).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe('');
  const { stdout } = await node(['out/stranger.js'], {
    URL: program.url,
    TOKEN: await tokenFor('cus_1', 'orders'),
  });
  expect(JSON.parse(stdout)).toEqual([
    ...['confirmed', 'confirmed', 'order_not_cancellable', 'cancelled'],
    ...['cancelled', 'confirmed', 'forbidden'],
  ]);
});

test('the README’s request with a token is let in', async () => {
  const [block = ''] = blocksOf('README.md')
    .map(({ text }) => text)
    .filter((text) => text.includes('export AUTH_SECRET'));
  const command = block.slice(block.indexOf('curl ')).replaceAll('http://127.0.0.1:3000', program.url);
  const { stdout } = await promisify(execFile)('sh', ['-euc', command], {
    env: { PATH: process.env['PATH'] ?? '', ...secret },
  });
  expect(JSON.parse(stdout)).toMatchObject({ data: expect.any(Array), nextCursor: null });
});

test('the page is whole, allows no foreign script, and asks nobody else', async () => {
  const page = await fetch(`${program.url}/docs`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
  expect(parts).toEqual(['data:,', 'docs/swagger-ui.css', 'docs/swagger-ui-bundle.js', 'docs/page.js']);
  for (const path of parts.slice(1)) {
    const part = await fetch(`${program.url}/${path}`);
    expect([path, part.status]).toEqual([path, 200]);
    expect((await part.text()).length).toBeGreaterThan(100);
  }
  expect((await fetch(`${program.url}/docs/LICENSE`)).status).toBe(404);
  expect((await fetch(`${program.url}/docs/..%2Fmain.js`)).status).toBe(404);
});
