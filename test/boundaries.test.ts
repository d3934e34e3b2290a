/** A boundary that has never bitten is not one: every rule catches a violation that is planted for it. */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterAll, expect, test } from 'vitest';

const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  forbidden: NonNullable<IFlattenedRuleSet['forbidden']>;
  options: object;
};

/** For each rule a file that breaks it, and what is in that file. */
const violations: Readonly<Record<string, readonly [file: string, content: string]>> = {
  'no-circles': ['src/telemetry/circle.ts', "import { b } from './circle2.ts'; export const a = () => b;"],
  'no-tests-in-production': ['src/telemetry/planted1.ts', "import '../../test/planted.ts';"],
  'no-undeclared-packages': ['src/telemetry/planted2.ts', "import 'vitest';"],
  'contracts-stand-alone': ['src/contracts/planted.ts', "import '../outbox/index.ts';"],
  'outbox-knows-nobody': ['src/outbox/planted1.ts', "import '../contracts/values.ts';"],
  'outbox-by-its-front-door': ['src/planted1.ts', "import './outbox/inbox.ts';"],
  'modules-are-isolated': ['src/modules/order/planted1.ts', "import '../stock/index.ts';"],
  'modules-by-their-index': ['src/planted2.ts', "import './modules/order/saga.ts';"],
  'modules-stay-inside': ['src/modules/order/planted2.ts', "import '../../config.ts';"],
  'hearts-are-pure': ['src/modules/order/saga.ts', "import 'node:crypto';"],
  'hearts-take-types-only': [
    'src/modules/stock/reservation.ts',
    "import { gather } from '../../outbox/index.ts'; gather;",
  ],
  'stores-know-no-http': ['src/modules/order/store.ts', "import '../../http/index.ts';"],
  'rascal-behind-the-port': ['src/outbox/planted2.ts', "import 'rascal';"],
  'memory-broker-behind-the-port': ['src/outbox/planted3.ts', "import 'smqp';"],
  'driver-behind-the-connection': ['src/outbox/planted4.ts', "import 'postgres';"],
  'hono-at-the-doors': ['src/modules/order/planted3.ts', "import 'hono';"],
  'kits-know-no-module': ['src/http/planted.ts', "import '../modules/module.ts';"],
  'audit-judges-purely': ['src/audit/invariants.ts', "import '../outbox/index.ts';"],
  'embedded-when-needed': ['src/planted3.ts', "import './embedded/index.ts';"],
};

const folder = await mkdtemp(join(tmpdir(), 'order-saga-boundaries-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Cruises a tree as the command line does. */
async function look(baseDir: string): Promise<ICruiseResult> {
  const ruleSet = { forbidden: config.forbidden };
  const { output } = await cruise(['src'], { ...config.options, baseDir, ruleSet, validate: true });
  return output as ICruiseResult;
}

test('the program keeps every rule, and all of it was read', { timeout: 30_000 }, async () => {
  const { summary } = await look(resolve('.'));
  expect(summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  expect(summary.totalCruised).toBeGreaterThan(80);
});

test('every rule catches what is planted for it', { timeout: 30_000 }, async () => {
  for (const name of ['src', 'package.json', 'tsconfig.json'])
    await cp(name, join(folder, name), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await cp('test', join(folder, 'test'), { recursive: true });
  await writeFile(join(folder, 'test/planted.ts'), 'export {};');
  await writeFile(
    join(folder, 'src/telemetry/circle2.ts'),
    "import { a } from './circle.ts'; export const b = () => a;",
  );
  for (const [file, content] of Object.values(violations)) {
    const before = await readFile(join(folder, file), 'utf8').catch(() => '');
    await writeFile(join(folder, file), `${content}\n${before}`);
  }
  const { summary } = await look(folder);
  const caught = summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  for (const [name, [file]] of Object.entries(violations)) expect(caught).toContain(`${name}: ${file}`);
  expect(Object.keys(violations).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
});

test('the environment is read in one place', async () => {
  const files = (await readdir('src', { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const readers: string[] = [];
  for (const file of files)
    if ((await readFile(join('src', file), 'utf8')).includes('process.env')) readers.push(file);
  expect(readers).toEqual(['config.ts']);
});
