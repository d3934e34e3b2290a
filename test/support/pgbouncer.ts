/** PgBouncer in transaction mode before databases of a test: the Debian package's program, on a free port, with files of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from './debian.ts';
import { freePorts } from './ports.ts';
import { until } from './until.ts';

export interface PgBouncer {
  /** Where a database that was named at the start is, through it. */
  urlOf(database: string): string;
  /** SIGKILL: every connection is gone at once. */
  kill(): Promise<void>;
  /** After a kill: on the same port. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

const program = '/usr/sbin/pgbouncer';
/** It refuses to run as root. Debian's number for whoever owns nothing. */
const nobody = 65_534;

/** Whether it is there, installed if need be. If not, says so in one loud line; with `CI=true` that is a failure. */
export async function hasPgBouncer(): Promise<boolean> {
  if (existsSync(program) || (await install('pgbouncer', program))) return true;
  const line = 'PgBouncer is missing, its suite is skipped: install pgbouncer';
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
  return false;
}

/** Starts it before `databases`, name to URL. `poolSize`: connections to each of them at most, whoever many clients there are. */
export async function startPgBouncer(
  databases: Readonly<Record<string, string>>,
  poolSize: number,
): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'order-saga-pgbouncer-'));
  const [port = 0] = await freePorts(1);
  const file = join(folder, 'pgbouncer.ini');
  const settings = [
    '[databases]',
    ...Object.entries(databases).map(([name, url]) => `${name} = ${targetOf(url)}`),
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    // Whoever reaches the port is the role that the database's line names.
    'auth_type = any',
  ];
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o400 });
  const account = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined;
  if (account) for (const path of [folder, file]) await chown(path, account.uid, account.gid);

  let child: ChildProcess;
  let output = '';
  async function start(): Promise<void> {
    child = spawn(program, [file], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...account });
    child.stderr?.on('data', (text: Buffer) => {
      output = (output + text.toString()).slice(-2_000);
    });
    await until('PgBouncer listens', () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer does not start:\n${output}`);
      return listens(port);
    });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    urlOf: (database) => `postgres://anybody@127.0.0.1:${port}/${database}`,
    kill: () => end('SIGKILL'),
    startAgain: start,
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function targetOf(url: string): string {
  const { hostname, port, pathname, username, password } = new URL(url);
  const parts = {
    host: hostname,
    port,
    dbname: pathname.slice(1),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  return Object.entries(parts)
    .map(([name, value]) => `${name}='${value}'`)
    .join(' ');
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
