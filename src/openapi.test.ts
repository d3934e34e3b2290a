/** The document of what each process serves: complete, well formed, and the one that lies in docs/api. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openapiTypes, { astToString } from 'openapi-typescript';
import { afterAll, expect, test } from 'vitest';
import { createContract, type Document, pointerOf } from '../test/support/contract.ts';
import { makeFolder, removeFolder } from '../test/support/folder.ts';
import { readConfig } from './config.ts';
import { createMemoryBroker } from './embedded/broker.ts';
import { problems } from './http/problems.ts';
import { startService } from './service.ts';

const folder = await makeFolder();
afterAll(() => removeFolder(folder));

/** The document of a process whose databases are away: it needs none. */
async function documentOf(module: string): Promise<Document> {
  const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
  const service = await startService(
    readConfig('serve', { MODULE: module, PORT: '0', AUTH: 'none', ...urlsFor(module, nowhere) }),
    {
      databaseUrls: { order: nowhere, stock: nowhere, payment: nowhere },
      connectBroker: createMemoryBroker().connect,
    },
    () => {},
  );
  service.started.catch(() => {});
  try {
    return (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
  } finally {
    await service.stop();
  }
}

/** A module alone is not embedded: it must be told of services. */
const urlsFor = (module: string, url: string) =>
  module === 'all' ? {} : { [`${module.toUpperCase()}_DATABASE_URL`]: url, AMQP_URL: 'amqp://127.0.0.1:1' };

const modules = ['order', 'stock', 'payment'] as const;
const all = await documentOf('all');
const own = Object.fromEntries(
  await Promise.all(modules.map(async (name) => [name, await documentOf(name)] as const)),
) as Record<(typeof modules)[number], Document>;
const pathsOf = (document: Document) => Object.keys(document.paths);
const contract = createContract(all);

test('docs/api holds it, and the types of its clients: `npm run api` writes them', async () => {
  await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot('../docs/api/openapi.json');
  const types = astToString(await openapiTypes(JSON.stringify(all)));
  await expect(types).toMatchFileSnapshot('../docs/api/openapi.d.ts');
});

test.each(['all', ...modules] as const)('Redocly finds nothing to say of that of MODULE=%s', async (name) => {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(name === 'all' ? all : own[name]));
  const lint = [
    ...['node_modules/@redocly/cli/bin/cli.js', 'lint', '--extends=recommended', '--format=json', path],
  ];
  const { stdout } = await promisify(execFile)(process.execPath, lint, {
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  }).catch((error: { stdout: string }) => error);
  const { totals, problems: found } = JSON.parse(stdout) as {
    totals: object;
    problems: { message: string }[];
  };
  expect(found.map(({ message }) => message)).toEqual([]);
  expect(totals).toMatchObject({ errors: 0, warnings: 0 });
});

test('a process has what it serves, and nothing else', () => {
  const common = pathsOf(own.order).filter((path) => pathsOf(own.stock).includes(path));
  expect(common.sort()).toEqual([
    ...['/asyncapi.json', '/docs', '/docs/{file}', '/livez', '/metrics', '/openapi.json'],
    ...['/problems', '/problems/{code}', '/readyz'],
  ]);
  const alone = (name: (typeof modules)[number]) =>
    pathsOf(own[name]).filter((path) => !common.includes(path));
  expect(alone('stock')).toContain('/products/{sku}');
  expect(alone('payment')).toContain('/payments');
  expect([...common, ...modules.flatMap(alone), '/admin/audit'].sort()).toEqual(pathsOf(all).sort());
});

test('every operation has a name of its own, and says who may ask it', () => {
  const names = contract.operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  const scopes = (path: string, method = 'get') =>
    all.paths[path]?.[method]?.security.map(({ token }) => token?.join());
  expect(scopes('/livez')).toEqual([]);
  expect(scopes('/orders', 'post')).toEqual(['orders', 'admin']);
  expect(scopes('/metrics')).toEqual(['metrics', 'admin']);
  expect(scopes('/payments')).toEqual(['admin']);
});

test('every problem of the program is told somewhere, but for those of no operation', () => {
  const told = Object.keys(all.components.responses).flatMap((name) => name.split('.'));
  const elsewhere = [
    // Of paths and methods that do not exist.
    ...['route_not_found', 'method_not_allowed'],
    // The simulated card processor's, which is a program of its own.
    ...['too_many_faults', 'call_refused', 'call_failed'],
  ];
  expect([...new Set(told), ...elsewhere].sort()).toEqual(Object.keys(problems).sort());
});

test('every example is what its schema says', () => {
  let count = 0;
  for (const { method, path, operation } of contract.operations) {
    const bodies = [
      ['requestBody'],
      ...Object.keys(operation.responses).map((status) => ['responses', status]),
    ];
    for (const [part = '', ...rest] of bodies) {
      const holder = part === 'requestBody' ? operation.requestBody : operation.responses[rest[0] ?? ''];
      for (const [type, media] of Object.entries(holder?.content ?? {})) {
        const values = [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)];
        for (const value of values.filter((one) => one !== undefined)) {
          const schema = pointerOf('paths', path, method, part, ...rest, 'content', type, 'schema');
          expect([operation.operationId, contract.faultsOf(schema, value)]).toEqual([
            operation.operationId,
            '',
          ]);
          count += 1;
        }
      }
    }
  }
  for (const [name, answer] of Object.entries(all.components.responses))
    for (const { value } of Object.values(answer.content?.['application/problem+json']?.examples ?? {})) {
      const schema = pointerOf(
        'components',
        'responses',
        name,
        'content',
        'application/problem+json',
        'schema',
      );
      expect([name, contract.faultsOf(schema, value)]).toEqual([name, '']);
      count += 1;
    }
  expect(count).toBeGreaterThan(100);
});
