import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { unprivilegedAccount } from './binaries.ts';
import { startPostgres } from './postgres.ts';

/** A first start takes a second or two, a later one a third of that; several times as long beside other tests. */
const limits = { timeout: 60_000 };
/** A keeper notices at once that its pipe is closed; PostgreSQL stops in a tenth of a second. */
const soon = { timeout: 15_000, interval: 20 };

const databases = ['order', 'stock'];
const isRoot = process.getuid?.() === 0;

/** A parent and, asked so, the keeper: one program, as in production. */
const source = `
  import { runKeeper } from './keeper.ts';
  import { startPostgres } from './postgres.ts';

  const [, self, argument] = process.argv;
  if (argument === '__keeper') {
    await runKeeper();
    process.exit(0);
  }
  const keeper = [process.execPath, self, '__keeper'];
  const running = await startPostgres({ dataDir: argument, databases: ${JSON.stringify(databases)}, keeper });
  await running.announce('http://127.0.0.1:4711');
  console.log(JSON.stringify(running.urls));
  setInterval(() => {}, 1_000_000);
`;

let root = '';
let program = '';
/** Made by the first test start, and started again by every test that needs no new one. */
let kept = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'order-saga-test-'));
  // As root PostgreSQL runs as another user, who must get there.
  await chmod(root, 0o755);
  program = join(root, 'program.mjs');
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  // The bundle looks for PostgreSQL's programs from where it lies.
  await symlink(resolve('node_modules'), join(root, 'node_modules'));
  kept = join(root, 'kept');
  await (await start(kept)).stop();
}, limits.timeout);

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Started by this process, and stopped after the test. */
async function start(dataDir: string) {
  const running = await startPostgres({
    dataDir,
    databases,
    keeper: [process.execPath, program, '__keeper'],
  });
  stops.push(running.stop);
  return { ...running, order: running.urls['order'] ?? '', stock: running.urls['stock'] ?? '' };
}

/** Started by a process of its own, which a test may kill. */
async function startParent(dataDir: string) {
  const child = spawnParent(dataDir, [process.execPath, program, dataDir]);
  return { child, order: await firstUrl(child) };
}

function spawnParent(dataDir: string, [command = '', ...args]: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await isServed(dataDir)).toBe(false), soon);
  });
  return child;
}

async function firstUrl({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('it has no output');
  const [line] = await once(createInterface({ input: stdout }), 'line');
  return JSON.parse(line).order;
}

/** Ends it as no program can prevent. */
async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function query<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

const answers = (url: string) =>
  query(url, (sql) => sql`select 1`).then(
    () => true,
    () => false,
  );

/** PostgreSQL removes this file last of all. */
const isServed = async (dataDir: string) => existsSync(join(dataDir, 'postgres/data/postmaster.pid'));

const ownerOf = async (dataDir: string) => JSON.parse(await readFile(join(dataDir, 'owner.json'), 'utf8'));

test('what was stored is there at the next start, under the same passwords', limits, async () => {
  const first = await start(kept);
  await query(first.order, (sql) => sql`create table kept as select 'to the cent' as text`);
  await first.stop();
  expect(await answers(first.order)).toBe(false);
  const second = await start(kept);
  expect(await query(second.order, (sql) => sql`select text from kept`)).toEqual([{ text: 'to the cent' }]);
  expect(new URL(second.order).password).toBe(new URL(first.order).password);
  expect((await stat(join(kept, 'passwords.json'))).mode & 0o777).toBe(0o600);
});

test('a role reaches its own database and no other, and waits for nothing for ever', limits, async () => {
  const { order, stock } = await start(kept);
  const [own] = await query(
    order,
    (sql) => sql`
      select current_user as role, pg_get_userbyid(datdba) as owner, current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle
      from pg_database where datname = current_database()`,
  );
  expect(own).toEqual({ role: 'order', owner: 'order', statement: '30s', lock: '10s', idle: '30s' });
  for (const database of ['order', 'postgres', 'template1']) {
    const url = new URL(stock);
    url.pathname = `/${database}`;
    await expect(query(url.href, (sql) => sql`select 1`)).rejects.toMatchObject({ code: '42501' });
  }
});

test('it speaks UTF-8: what JSON escapes can be stored', limits, async () => {
  const { order } = await start(kept);
  const [row] = await query(
    order,
    (sql) =>
      sql`select current_setting('server_encoding') as encoding, ${'"\\u20ac"'}::text::jsonb #>> '{}' as sign`,
  );
  expect(row).toEqual({ encoding: 'UTF8', sign: '€' });
});

test('a parent that is killed takes PostgreSQL with it', limits, async () => {
  const { child, order } = await startParent(kept);
  expect(await answers(order)).toBe(true);
  await kill(child);
  await expect.poll(() => isServed(kept), soon).toBe(false);
  expect(await answers(order)).toBe(false);
});

test('the next start need not wait until what a killed parent left has stopped', limits, async () => {
  const { child } = await startParent(kept);
  await kill(child);
  const { order } = await start(kept);
  expect(await answers(order)).toBe(true);
});

test(
  'a server whose parent and keeper were killed is stopped first, and nothing is lost',
  limits,
  async () => {
    const { child, order } = await startParent(kept);
    await query(order, (sql) => sql`create table written as select 1 as amount`);
    const { keeper } = await ownerOf(kept);
    process.kill(keeper.pid, 'SIGKILL');
    await kill(child);
    expect(await answers(order)).toBe(true);
    const next = await start(kept);
    expect(await query(next.order, (sql) => sql`select amount from written`)).toEqual([{ amount: 1 }]);
    expect(await answers(order)).toBe(false);
  },
);

test('a folder whose owner is alive is refused, and the owner is named', limits, async () => {
  const { child, order } = await startParent(kept);
  // It announces its URL just before it says that it has started.
  await expect(start(kept)).rejects.toThrow(
    `${kept} is in use by process ${child.pid}, which serves http://127.0.0.1:4711`,
  );
  expect(await answers(order)).toBe(true);
});

test('of two that start at the same moment one is refused', limits, async () => {
  const [first, second] = await Promise.allSettled([start(kept), start(kept)]);
  expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
});

test('an owner that is gone is followed, also when its process id was given away', limits, async () => {
  for (const last of ['', JSON.stringify({ pid: process.pid, startedAt: 'before the last reboot' })]) {
    await writeFile(join(kept, 'owner.json'), last);
    const { order, stop } = await start(kept);
    expect(await answers(order)).toBe(true);
    await stop();
  }
});

test.runIf(existsSync('/proc'))(
  'an owner that nobody asks for its exit code is gone too',
  limits,
  async () => {
    // `sleep` adopts the parent and never reaps it, as the first process of a container.
    const shell = ['sh', '-c', '"$@" & exec sleep 60', 'sh', process.execPath, program, kept];
    await firstUrl(spawnParent(kept, shell));
    const { pid } = await ownerOf(kept);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8'), soon).toContain(') Z ');
    const { order } = await start(kept);
    expect(await answers(order)).toBe(true);
  },
);

test('a first start that was killed is begun anew, with its keeper or without', limits, async () => {
  for (const keeperToo of [false, true]) {
    const dataDir = join(root, `interrupted-${keeperToo}`);
    const child = spawnParent(dataDir, [process.execPath, program, dataDir]);
    const isBeingMade = async () =>
      (await readdir(join(dataDir, 'postgres')).catch(() => [])).some((name) => name.startsWith('data.'));
    await expect.poll(isBeingMade, soon).toBe(true);
    const { keeper } = await ownerOf(dataDir);
    if (keeperToo) process.kill(keeper.pid, 'SIGKILL');
    await kill(child);
    const { order, stock } = await start(dataDir);
    expect([await answers(order), await answers(stock)]).toEqual([true, true]);
  }
});

test('what was left undone is done at the next start', limits, async () => {
  const { adminUrl, stop } = await start(kept);
  await query(adminUrl, (sql) => sql`grant connect on database "order" to public`);
  await stop();
  const { stock } = await start(kept);
  const url = new URL(stock);
  url.pathname = '/order';
  await expect(query(url.href, (sql) => sql`select 1`)).rejects.toMatchObject({ code: '42501' });
});

test.runIf(existsSync('/proc'))(
  'a process that has the id of an old server is left alone',
  limits,
  async () => {
    const stranger = spawn('sleep', ['60'], { ...unprivilegedAccount(), cwd: '/', stdio: 'ignore' });
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const pid = join(kept, 'postgres/data/postmaster.pid');
    await writeFile(
      pid,
      `${stranger.pid}\n${kept}/postgres/data\n1700000000\n5999\n\n127.0.0.1\n\nready   \n`,
    );
    const { order } = await start(kept);
    expect(await answers(order)).toBe(true);
    expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
  },
);

test.runIf(isRoot)(
  'as root in a private home the files lie elsewhere, and are deleted with DATA_DIR',
  limits,
  async () => {
    const home = join(root, 'home');
    const dataDir = join(home, 'data');
    await mkdir(home, { mode: 0o700 });
    const first = await start(dataDir);
    const place = (await readFile(join(dataDir, 'postgres-is-elsewhere.txt'), 'utf8')).trim();
    onTestFinished(() => rm(place, { recursive: true, force: true }));
    await query(first.order, (sql) => sql`create table old ()`);
    await first.stop();
    const again = await start(dataDir);
    expect(await query(again.order, (sql) => sql`select from old`)).toEqual([]);
    await again.stop();

    // A new clone in the place of the old one.
    await rm(dataDir, { recursive: true });
    const anew = await start(dataDir);
    await expect(query(anew.order, (sql) => sql`select from old`)).rejects.toMatchObject({ code: '42P01' });
    await anew.stop();

    await chmod(home, 0o755);
    await expect(start(dataDir)).rejects.toThrow(`move ${place} to ${join(dataDir, 'postgres')}`);
  },
);
