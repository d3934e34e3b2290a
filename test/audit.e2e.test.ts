/** The audit as an operator asks for it, of what was brought along. Of three processes, and under load: test/long/audit.long.test.ts. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, removeFolder } from './support/folder.ts';
import { createDatabase } from './support/postgres.ts';
import { type Program, runProgram, startProgram } from './support/program.ts';
import { cart } from './support/shop.ts';

const folder = await makeFolder();
afterAll(() => removeFolder(folder));

describe('what was brought along', () => {
  const env = { DATA_DIR: join(folder, 'data') };
  let program: Program;
  beforeAll(async () => {
    program = await startProgram(env);
  });
  afterAll(async () => {
    await program.end();
  });
  const place = async (url: string, paymentToken = 'tok_visa') => {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(cart('MUG-01', 1, paymentToken)),
    });
    return (await response.json()) as { id: string };
  };

  test('is audited while the program runs, by command and over HTTP, and when it has ended', {
    timeout: 120_000,
  }, async () => {
    await place(program.url);
    await place(program.url, 'tok_declined');
    const running = await runProgram(['audit', '--json'], env);
    expect(JSON.parse(running.output)).toMatchObject({ clean: true, orders: 2, findings: [] });
    expect(running.code).toBe(0);

    const answer = await fetch(`${program.url}/admin/audit?graceSeconds=30`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ clean: true, graceSeconds: 30, orders: 2 });

    expect(await program.end()).toBe(0);
    const ended = await runProgram(['audit'], env);
    expect(ended.output).toContain('2 orders audited');
    expect(ended.output).toContain('clean: nothing is wrong');
    expect(ended.code).toBe(0);
    // It left the folder as it was.
    program = await startProgram(env);
    expect((await fetch(`${program.url}/readyz`)).status).toBe(200);
  });

  test('facts are told line by line, from one moment, whole', async () => {
    const text = await (await fetch(`${program.url}/admin/payment/facts`)).text();
    const facts = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { fact: string });
    expect(facts[0]).toMatchObject({ fact: 'messaging', module: 'payment' });
    expect(facts[1]).toEqual({ fact: 'gateway', showsBooks: true });
    expect(facts.at(-1)).toEqual({ fact: 'end' });
    expect(text).not.toContain('tok_');
  });

  test('one audit at a time; two readers of a module at a time, and one that goes away makes room', async () => {
    const audits = await Promise.all([1, 2].map(() => fetch(`${program.url}/admin/audit`)));
    expect(audits.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await fetch(`${program.url}/admin/audit`)).status).toBe(200);
    expect((await fetch(`${program.url}/admin/order/facts?orderIds=1`)).status).toBe(422);
  });
});

describe('wrong use is one line, and exit code 2', () => {
  test.each([
    [
      'nothing has run',
      [],
      { DATA_DIR: join(folder, 'nothing') },
      `nothing has run in ${join(folder, 'nothing')}`,
    ],
    [
      'not all of them known',
      [],
      { ORDER_DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none', STOCK_URL: 'http://127.0.0.1:1' },
      'PAYMENT_DATABASE_URL or PAYMENT_URL missing',
    ],
    [
      'a door that nobody opens',
      [],
      { ORDER_URL: 'http://127.0.0.1:1', STOCK_URL: 'http://127.0.0.1:1', PAYMENT_URL: 'http://127.0.0.1:1' },
      'http://127.0.0.1:1 does not answer',
    ],
    ['an unknown option', ['--loud'], {}, '--loud'],
    ['no number', ['--grace-seconds', 'long'], {}, '--grace-seconds must be a number of seconds'],
  ])('%s', async (_, args, env, line) => {
    const { code, output } = await runProgram(['audit', ...args], env);
    expect(output).toContain(line);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).not.toContain('secret');
    expect(code).toBe(2);
  });

  test('a database that was never migrated', async () => {
    const { url, drop } = await createDatabase();
    const env = { ORDER_DATABASE_URL: url, STOCK_DATABASE_URL: url, PAYMENT_DATABASE_URL: url };
    const { code, output } = await runProgram(['audit'], env);
    expect(output).toMatch(/^order-saga: \w+'s database is not migrated: .* missing\n$/);
    expect(code).toBe(2);
    await drop();
  });

  test('--help tells the options and the exit codes', async () => {
    const { code, output } = await runProgram(['audit', '--help']);
    expect(code).toBe(0);
    for (const word of ['--json', '--grace-seconds', 'ORDER_URL', 'DATA_DIR', '1 findings'])
      expect(output).toContain(word);
  });
});
