/** One PostgreSQL server on this machine: made on first use, started, stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
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
  const unfinished = `${data}.new`;
  const passwordFile = join(folder, 'superuser-password');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
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
  if (!existsSync(join(data, 'postmaster.pid'))) return;
  const args = ['stop', '-D', data, '-m', 'fast', '-w', '-t', '10'];
  // It fails if there was only the file: the server was killed, and the new one clears it away.
  await runBinary(binaries, 'pg_ctl', args, account).catch(() => {});
}

async function launch(options: ClusterOptions, data: string): Promise<Cluster> {
  const port = await freePort();
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
  await ready(server, ended, join(options.folder, 'postgres.log'));
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

/** A database and a role for each name, apart from each other; made if missing, so that a killed first start is completed. */
async function ensureDatabases(
  { superuserPassword, passwords }: ClusterOptions,
  port: number,
): Promise<void> {
  const sql = postgres({
    host: '127.0.0.1',
    port,
    username: 'postgres',
    password: superuserPassword,
    max: 1,
    onnotice: () => {},
  });
  try {
    const present = new Set(
      (await sql<{ datname: string }[]>`select datname from pg_database`).map(({ datname }) => datname),
    );
    const roles = new Set(
      (await sql<{ rolname: string }[]>`select rolname from pg_roles`).map(({ rolname }) => rolname),
    );
    for (const [name, password] of Object.entries(passwords)) {
      if (present.has(name)) continue;
      // Names and passwords are this program's own: plain words and hexadecimal digits.
      if (!roles.has(name)) await sql.unsafe(`create role "${name}" login password '${password}'`);
      await sql.unsafe(`
        alter role "${name}" set statement_timeout = '30s';
        alter role "${name}" set lock_timeout = '10s';
        alter role "${name}" set idle_in_transaction_session_timeout = '30s'`);
      await sql.unsafe(`create database "${name}" owner "${name}"`);
      await sql.unsafe(`revoke connect on database "${name}" from public`);
    }
    if (!present.has('order') && passwords['order'])
      await sql.unsafe('revoke connect on database postgres, template1 from public');
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
