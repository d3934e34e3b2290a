/** One PostgreSQL server on this machine: made on first use, started, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import { type Account, environment, runBinary } from './binaries.ts';

/** Each module's pool has ten; three modules in several processes, a few people looking. */
const maxConnections = 300;
const startTimeoutMs = 60_000;
/** Fast shutdown takes tens of milliseconds; after this it is ended without a checkpoint, and recovers at the next start. */
const stopTimeoutMs = 7_000;
/** A server log that grows beyond this tells nothing new. */
const maxLogBytes = 5_000_000;

export interface ClusterOptions {
  /** The folder of `bin/postgres`. */
  readonly binaries: string;
  /** The folder that holds `data` and `postgres.log`. */
  readonly folder: string;
  readonly account?: Account | undefined;
  readonly superuserPassword: string;
  /** Database and role of the same name, and the role's password. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Further server settings, as `{fsync: 'off'}`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Cluster {
  readonly port: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const data = join(options.folder, 'data');
  if (!existsSync(data)) await initialize(options, data);
  else await stopLeftover(options, data);
  const cluster = await launch(options, data);
  try {
    await ensureDatabases(options, cluster.port);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** Made beside its place and moved there whole: a first start that is killed leaves nothing that looks finished. */
async function initialize(
  { binaries, folder, account, superuserPassword }: ClusterOptions,
  data: string,
): Promise<void> {
  // An initdb whose keeper was killed may write on for a moment: this start has a folder of its own, the next one clears up.
  for (const name of await readdir(folder))
    if (name.startsWith('data.'))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  const unfinished = await mkdtemp(`${data}.`);
  const passwordFile = join(folder, 'superuser-password');
  await writeFile(passwordFile, superuserPassword, { mode: 0o600 });
  if (account) for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await runBinary(
    binaries,
    'initdb',
    ['-D', unfinished, ...locale, ...access, '--no-sync', '--no-instructions'],
    account,
  );
  await rm(passwordFile);
  await rename(unfinished, data);
}

/** A server whose keeper was killed too is still there, or is just stopping. */
async function stopLeftover({ binaries, account }: ClusterOptions, data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = await readFile(file, 'utf8').then(
    (text) => Number.parseInt(text, 10),
    () => undefined,
  );
  if (pid === undefined) return;
  // A server works in its folder. Another process that was given its id would be stopped for it, and taken for it.
  if ((await folderOf(pid, data)) !== data) return await rm(file);
  const args = ['stop', '-D', data, '-m', 'fast', '-w', '-t', '10'];
  // It fails if there was only the file: the server was killed, and the new one clears it away.
  await runBinary(binaries, 'pg_ctl', args, account).catch(() => {});
}

/** The folder that a process works in; `otherwise` where that cannot be seen (no such process, no /proc, no permission). */
const folderOf = (pid: number, otherwise: string) => readlink(`/proc/${pid}/cwd`).catch(() => otherwise);

async function launch(options: ClusterOptions, data: string): Promise<Cluster> {
  const port = Number(options.settings?.['port'] ?? (await freePort()));
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(maxConnections),
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(options.binaries, 'bin', 'postgres'), ['-D', data, ...args], {
    ...options.account,
    cwd: '/',
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'close');
  try {
    await ready(server, ended, join(options.folder, 'postgres.log'));
  } catch (error) {
    server.kill('SIGQUIT');
    throw error;
  }
  return {
    port,
    ended,
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGINT');
      const timer = setTimeout(() => server.kill('SIGQUIT'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Copies the server's log to a file and resolves when it says that it accepts connections. */
function ready(server: ChildProcess, ended: Promise<unknown>, logFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const log = createWriteStream(logFile, { mode: 0o600 });
    let said = '';
    let bytes = 0;
    const timer = setTimeout(
      () => reject(new Error(`PostgreSQL does not start, see ${logFile}`)),
      startTimeoutMs,
    );
    server.stderr?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes < maxLogBytes) log.write(chunk);
      if (said.length > 100_000) return;
      said += chunk.toString();
      if (!said.includes('ready to accept connections')) return;
      clearTimeout(timer);
      resolve();
    });
    void ended.then(() => {
      clearTimeout(timer);
      log.end();
      reject(new Error(`PostgreSQL ended at its start: ${said.trim().split('\n').slice(-3).join(' | ')}`));
    });
  });
}

/** A database and a role for each name, apart from each other. What a killed first start left undone is done now. */
async function ensureDatabases(
  { superuserPassword, passwords }: ClusterOptions,
  port: number,
): Promise<void> {
  const names = Object.keys(passwords);
  if (names.length === 0) return;
  const sql = postgres({
    host: '127.0.0.1',
    port,
    username: 'postgres',
    password: superuserPassword,
    max: 1,
    onnotice: () => {},
  });
  try {
    const roles = await sql<{ name: string }[]>`select rolname as name from pg_roles`;
    const present = await sql<{ name: string }[]>`select datname as name from pg_database`;
    const missing = (rows: readonly { name: string }[]) =>
      names.filter((name) => !rows.some((row) => row.name === name));
    // Names and passwords are this program's own: plain words and hexadecimal digits.
    for (const name of missing(roles))
      await sql.unsafe(`create role "${name}" login password '${passwords[name]}'`);
    for (const name of missing(present)) await sql.unsafe(`create database "${name}" owner "${name}"`);
    const limits = names.map(
      (name) => `
        alter role "${name}" set statement_timeout = '30s';
        alter role "${name}" set lock_timeout = '10s';
        alter role "${name}" set idle_in_transaction_session_timeout = '30s';`,
    );
    const databases = [...names, 'postgres', 'template1'].map((name) => `"${name}"`);
    await sql.unsafe(`${limits.join('')} revoke connect on database ${databases.join(', ')} from public`);
  } finally {
    await sql.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
