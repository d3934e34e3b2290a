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

test('its first order is answered as shown, and confirmed in under 200 ms', { timeout: 60_000 }, async () => {
  expect(commands).toHaveLength(2);
  const program = await startProgram({ DATA_DIR: join(folder, 'data') });
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
    5_000,
  );
  const answer = await run(list?.command ?? '');
  expect(answer).toEqual(alike(list?.answer));
  const [{ createdAt, updatedAt }] = answer.data;
  expect(Date.parse(updatedAt) - Date.parse(createdAt)).toBeLessThan(200);
  await program.end();
});

test('its table of variables is that of the program', () => {
  for (const line of describeVariables()) {
    const [, name, meaning, fallback = ''] = /^ {2}(\S+) +(.*?)(?: \[(.*)\])?$/.exec(line) ?? [];
    expect(readme).toContain(`| \`${name}\` | ${fallback && `\`${fallback}\` `}| ${meaning} |`);
  }
});
