/** PostgreSQL for a program that was given none: started by a keeper, data kept between runs, passwords of its own. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type Account,
  checkWritable,
  findBinaries,
  isReachable,
  sharedFolder,
  unprivilegedAccount,
} from './binaries.ts';
import type { KeeperAnswer } from './keeper.ts';

export interface EmbeddedPostgres {
  /** A URL for each database, with a role that can reach no other. */
  readonly urls: Readonly<Record<string, string>>;
  readonly adminUrl: string;
  /** Leaves the URL of the program for whoever tries to use the same folder meanwhile. */
  announce(url: string): Promise<void>;
  /** Stops PostgreSQL; within 8 s. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL with its data under `dataDir`, with a database and a role for each of `databases`. `keeper` is the command
 * that runs `runKeeper`. Throws if another living program owns `dataDir`, naming it, or if PostgreSQL cannot be had.
 */
export async function startPostgres(options: {
  readonly dataDir: string;
  readonly databases: readonly string[];
  readonly keeper: readonly string[];
  /** Further server settings, as `{fsync: 'off'}`. */
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<EmbeddedPostgres> {
  const { dataDir, databases, keeper, settings = {} } = options;
  await mkdir(dataDir, { recursive: true });
  checkWritable(dataDir);
  const owner = await own(dataDir);
  try {
    const account = unprivilegedAccount();
    const [binaries, folder] = await Promise.all([findBinaries(account), placeOfData(dataDir, account)]);
    const { superuser, passwords } = await secrets(join(dataDir, 'passwords.json'), databases);
    const kept = await startKeeper(keeper, {
      binaries,
      folder,
      account,
      superuserPassword: superuser,
      passwords,
      settings,
    });
    const urlOf = (role: string, password: string, database: string) =>
      `postgres://${role}:${password}@127.0.0.1:${kept.port}/${database}`;
    return {
      urls: Object.fromEntries(databases.map((name) => [name, urlOf(name, passwords[name] ?? '', name)])),
      adminUrl: urlOf('postgres', superuser, 'postgres'),
      announce: owner.announce,
      async stop() {
        await kept.stop();
        await owner.release();
      },
    };
  } catch (error) {
    await owner.release();
    throw error;
  }
}

interface Owner {
  readonly pid: number;
  /** Tells a living owner from another process that was given its id later. */
  readonly startedAt: string;
  readonly url?: string;
}

/** One program at a time: an owner that is alive keeps its folder, one that is gone is followed. */
async function own(dataDir: string) {
  const file = join(dataDir, 'owner.json');
  const self: Owner = { pid: process.pid, startedAt: startOf(process.pid) };
  if (existsSync(file)) {
    const owner = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as Owner,
      () => undefined,
    );
    if (owner && startOf(owner.pid) === owner.startedAt && owner.startedAt !== '')
      throw new Error(
        `${dataDir} is in use by process ${owner.pid}${owner.url ? `, which serves ${owner.url}` : ''}: stop it, or set DATA_DIR to another folder`,
      );
    await rm(file, { force: true });
  }
  // Exclusive: of two that start together one is told so.
  await writeFile(file, JSON.stringify(self), { flag: 'wx' });
  return {
    announce: (url: string) => writeFile(file, JSON.stringify({ ...self, url })),
    release: () => rm(file, { force: true }),
  };
}

/** When a process started, in whatever words the system has for it; empty if there is none. */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  try {
    // The command's name is in brackets and may hold anything; the start is the 20th field after it.
    const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?!.*\) )/);
    return fields.split(' ')[19] ?? '';
  } catch {
    // No /proc (macOS): the process id alone has to do.
    return 'unknown';
  }
}

/**
 * Where PostgreSQL keeps its files: in `dataDir`, unless this is root and the user that runs PostgreSQL cannot get there (a
 * private home). Then under `/var/lib/order-saga`, in a folder named after `dataDir`, and a note says where.
 */
async function placeOfData(dataDir: string, account: Account | undefined): Promise<string> {
  const own = join(await realpath(dataDir), 'postgres');
  if (!account || (await isReachable(await realpath(dataDir)))) {
    await mkdir(own, { recursive: true, mode: 0o755 });
    if (account) await chown(own, account.uid, account.gid);
    return own;
  }
  const folder = join(sharedFolder, createHash('sha256').update(own).digest('hex').slice(0, 16));
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chown(folder, account.uid, account.gid);
  await writeFile(join(dataDir, 'postgres-is-elsewhere.txt'), `${folder}\n`);
  return folder;
}

/** Passwords are made once and kept where only this user reads them. */
async function secrets(file: string, databases: readonly string[]) {
  const word = () => randomBytes(16).toString('hex');
  const known = existsSync(file)
    ? (JSON.parse(await readFile(file, 'utf8')) as { superuser: string; passwords: Record<string, string> })
    : { superuser: word(), passwords: {} };
  const passwords = Object.fromEntries(databases.map((name) => [name, known.passwords[name] ?? word()]));
  const all = { superuser: known.superuser, passwords: { ...known.passwords, ...passwords } };
  await writeFile(file, JSON.stringify(all), { mode: 0o600 });
  return { superuser: all.superuser, passwords };
}

async function startKeeper(
  command: readonly string[],
  options: object,
): Promise<{ port: number; stop(): Promise<void> }> {
  const [program = '', ...args] = command;
  // A session of its own: Ctrl-C in the parent's terminal is the parent's affair.
  const keeper = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(keeper, 'close');
  // Writing to a keeper that has ended is answered by `ended`.
  keeper.stdin.on('error', () => {});
  keeper.stdin.write(`${JSON.stringify(options)}\n`);
  const line = await Promise.race([
    once(createInterface({ input: keeper.stdout }), 'line').then(([text]) => String(text)),
    ended.then(([code]) => JSON.stringify({ failed: `its keeper ended with ${code}` })),
  ]);
  const answer = JSON.parse(line) as KeeperAnswer;
  if ('failed' in answer) {
    keeper.stdin.end();
    await ended;
    throw new Error(`the embedded PostgreSQL did not start: ${answer.failed}`);
  }
  return {
    port: answer.port,
    async stop() {
      keeper.stdin.end();
      await ended;
    },
  };
}
