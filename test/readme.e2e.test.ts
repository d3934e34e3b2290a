/** What the README promises, done as it says. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { describeVariables } from '../src/config.ts';
import { makeFolder, removeFolder } from './support/folder.ts';
import { startProgram } from './support/program.ts';
import { until } from './support/until.ts';

/** Tables are aligned with spaces. */
const readme = (await readFile('README.md', 'utf8')).replaceAll(/(?<=\|.*) +/g, ' ');
const folder = await makeFolder();
afterAll(() => removeFolder(folder));

/** The commands of the fenced blocks, with the JSON that the README shows after them. */
const commands = [...readme.matchAll(/```sh\n(curl[^`]+)```\n\n```json\n([^`]+)\n```/g)].map(
  ([, command = '', answer = '']) => ({
    command,
    answer: JSON.parse(answer),
  }),
);

/** The same shape and values, but for ids and times. */
const alike = (shown: unknown): unknown =>
  JSON.parse(JSON.stringify(shown), (_, value) =>
    typeof value === 'string' && /^([0-9a-f-]{36}|\d{4}-\d\d-\d\dT.*Z)$/.test(value)
      ? expect.any(String)
      : value,
  );

/** Of so many first orders the fastest counts: the program is measured, not who else is busy on this machine. */
const maxStarts = 5;

test('its first order is answered as shown, and confirmed in under 200 ms', {
  timeout: 120_000,
}, async () => {
  expect(commands).toHaveLength(2);
  const tookMs: number[] = [];
  do tookMs.push(await orderFirst(join(folder, String(tookMs.length))));
  while (tookMs.length < maxStarts && Math.min(...tookMs) >= 200);
  expect(Math.min(...tookMs)).toBeLessThan(200);
});

/** Does what the README says in a new place; returns the milliseconds from placing to confirmed. */
async function orderFirst(dataDir: string): Promise<number> {
  const program = await startProgram({ DATA_DIR: dataDir });
  const run = async (command: string) => {
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      command.replaceAll('http://127.0.0.1:3000', program.url),
    ]);
    return JSON.parse(stdout);
  };
  const [place, list] = commands;
  expect(await run(place?.command ?? '')).toEqual(alike(place?.answer));
  await until(
    'the order is as shown',
    async () => (await run(list?.command ?? '')).data[0].status === 'confirmed',
  );
  const answer = await run(list?.command ?? '');
  expect(answer).toEqual(alike(list?.answer));
  expect(await program.end()).toBe(0);
  const [{ createdAt, updatedAt }] = answer.data;
  return Date.parse(updatedAt) - Date.parse(createdAt);
}

test('its table of variables is that of the program', () => {
  for (const line of describeVariables()) {
    const [, name, meaning, fallback = ''] = /^ {2}(\S+) +(.*?)(?: \[(.*)\])?$/.exec(line) ?? [];
    expect(readme).toContain(`| \`${name}\` | ${fallback && `\`${fallback}\` `}| ${meaning} |`);
  }
});
