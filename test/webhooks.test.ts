/** What docs/webhooks.md shows: its program runs, and takes what is signed as the program signs it. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { payloadOf } from '../src/modules/order/notices/content.ts';
import { newSecret, signed } from '../src/modules/order/notices/signing.ts';
import { makeFolder, removeFolder } from './support/folder.ts';

const guide = await readFile('docs/webhooks.md', 'utf8');
const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\n\`\`\``).exec(guide)?.[1] ?? '';
const folder = await makeFolder();
const secret = newSecret();
const path = join(folder, 'receiver.mjs');
await writeFile(path, block('js'));
const program = spawn(process.execPath, [path], {
  env: { PATH: process.env['PATH'], WEBHOOK_SECRET: secret, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
const said = async () => String((await lines.next()).value);
afterAll(async () => {
  program.kill();
  await removeFolder(folder);
});

test('its example is what is sent', () => {
  const shown = JSON.parse(block('json'));
  const { id: orderId, createdAt, ...data } = shown.data;
  const told = { ...data, orderId, placedAt: new Date(createdAt), decidedAt: new Date(shown.timestamp) };
  expect(payloadOf(told)).toEqual(shown);
});

test('its program takes what is genuine, once, and nothing else', async () => {
  const url = `http://127.0.0.1:${(await said()).replace('listening at ', '')}/`;
  const body = block('json');
  const send = async (headers: object, content = body) =>
    (await fetch(url, { method: 'POST', headers: { ...headers }, body: content })).status;
  const by = (secrets: readonly string[], at = new Date(), id = 'an-id') => signed({ id, at, body }, secrets);
  expect(await send(by([newSecret()]))).toBe(400);
  expect(await send(by([secret]), body.replace('rejected', 'confirmed'))).toBe(400);
  expect(await send(by([secret], new Date(Date.now() - 301_000)))).toBe(400);
  expect(await send({})).toBe(400);
  for (const _ of ['first', 'again']) expect(await send(by([secret]))).toBe(204);
  // While a secret is replaced.
  expect(await send(by([newSecret(), secret], new Date(), 'another-id'))).toBe(204);
  for (const _ of ['an-id', 'another-id'])
    expect(await said()).toBe('order.rejected 01a20d4e-2116-73a4-ac27-ca1dece9e99e');
});
