/** A message that ends the process, in processes that really end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { makeFolder, removeFolder } from '../../test/support/folder.ts';
import { openNode } from '../../test/support/node.ts';
import { until } from '../../test/support/until.ts';
import { compose, encode } from './message.ts';
import { rabbit } from './rabbit.ts';

const node = await openNode();
const folder = await makeFolder();
const database = await openTestDatabase('outbox');
afterAll(async () => {
  await node.close();
  await removeFolder(folder);
});

/** Runs the service again and again, as a supervisor does, and counts how it ended. */
function supervise(program: string, args: readonly string[]) {
  const deaths: (NodeJS.Signals | null)[] = [];
  let child: ChildProcess;
  let stopping = false;
  const start = () => {
    child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('exit', (_, signal) => {
      if (stopping) return;
      deaths.push(signal);
      start();
    });
  };
  start();
  return {
    deaths,
    stop: () =>
      new Promise<void>((resolve) => {
        stopping = true;
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

describe.skipIf(node.url === undefined)('a message that ends the process', () => {
  test('is parked after three starts, and its neighbours take effect once', {
    timeout: 120_000,
  }, async () => {
    await database.query((sql) => sql`create table effects (message uuid, word text)`);
    const program = join(folder, 'mortal.mjs');
    await build({
      entryPoints: ['test/support/mortal.ts'],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      loader: { '.sql': 'text' },
      logLevel: 'error',
      banner: {
        js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);",
      },
    });
    const exchange = `mortal${process.pid}`;
    const mouth = rabbit({ url: node.url ?? '' })({
      exchange,
      queue: `${exchange}.mortal`,
      bindings: ['say'],
    });
    await until('connected', () => mouth.ready);
    const words = ['a', 'b', 'c', 'die', 'd', 'e', 'f'];
    const messages = words.map((word) =>
      compose({ type: 'say', subject: word, data: { word } }, '/test', new Date()),
    );
    await mouth.publish({
      routingKey: 'say',
      mandatory: true,
      ...encode(messages.map((message) => JSON.stringify(message))),
    });

    const supervised = supervise(program, [database.url, node.url ?? '', exchange]);
    const [dead] = await untilParked();
    await supervised.stop();
    await mouth.close();

    // Three times as it came, once more when it was tried again: the second attempt of two.
    expect(supervised.deaths).toEqual(Array(4).fill('SIGKILL'));
    expect(dead).toMatchObject({ subject: 'die', attempts: 2 });
    const effects = await database.query((sql) => sql<{ word: string }[]>`select word from effects`);
    expect(effects.map(({ word }) => word).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await database.query((sql) => sql`select 1 from inbox_starts`)).toHaveLength(0);
    expect(await database.query((sql) => sql`select 1 from inbox_failures`)).toHaveLength(1);
  });

  /** Waits for the failure that is tried no more. */
  async function untilParked() {
    const dead = () =>
      database.query(
        (sql) => sql<{ subject: string; attempts: number; error: string }[]>`
          select subject, attempts, error from inbox_failures where next_attempt_at is null`,
      );
    await until('it is dead', async () => (await dead()).length > 0, 100_000);
    return dead();
  }
});
