/** PostgreSQL for a program that was given none: started by a keeper, data kept between runs, passwords of its own. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, linkSync, readFileSync, rmSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Account,
  checkWritable,
  findBinaries,
  isReachable,
  sharedFolder,
  unprivilegedAccount,
} from './binaries.ts';
import type { ClusterOptions } from './cluster.ts';
import type { KeeperAnswer } from './keeper.ts';

/** A keeper stops PostgreSQL within 7 s; one that hangs is left to the next start, which waits for it. */
const stopWithinMs = 8_000;
/** A parent that was killed in the middle of its first start leaves a keeper that finishes it first. */
const lastKeeperEndsWithinMs = 20_000;

export interface EmbeddedPostgres {
  /** A URL for each database, with a role that can reach no other. */
  readonly urls: Readonly<Record<string, string>>;
  readonly adminUrl: string;
  /** Leaves the URL of the program for whoever tries to use the same folder meanwhile. */
  announce(url: string): Promise<void>;
  /** Stops PostgreSQL and resolves when it has stopped, or after 8 s. */
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
    const kept = await startKeeper(
      keeper,
      { binaries, folder, account, superuserPassword: superuser, passwords, settings },
      (pid) => owner.note({ keeper: identify(pid) }),
    );
    await owner.note({ port: kept.port });
    return {
      urls: urlsOf(kept.port, passwords),
      adminUrl: urlOf(kept.port, 'postgres', superuser, 'postgres'),
      announce: (url) => owner.note({ url }),
      async stop() {
        if (await kept.stop()) await owner.release();
      },
    };
  } catch (error) {
    await owner.release();
    throw error;
  }
}

const urlOf = (port: number, role: string, password: string, database: string) =>
  `postgres://${role}:${password}@127.0.0.1:${port}/${database}`;
const urlsOf = (port: number, passwords: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(passwords).map(([name, password]) => [name, urlOf(port, name, password, name)]),
  );

/**
 * The databases that were brought along for `dataDir`, for a guest: those of the program that runs, or, if none does, started for
 * as long as the visit lasts. Throws if nothing has ever run there, or the program is just starting.
 */
export async function visitPostgres(options: {
  readonly dataDir: string;
  readonly databases: readonly string[];
  readonly keeper: readonly string[];
}): Promise<Pick<EmbeddedPostgres, 'urls' | 'stop'>> {
  const { dataDir } = options;
  const known = join(dataDir, 'passwords.json');
  if (!existsSync(known))
    throw new Error(`nothing has run in ${dataDir} yet: set DATA_DIR, or name the databases or the doors`);
  const owner = readOwner(join(dataDir, 'owner.json'));
  if (!owner || !isAlive(owner)) return startPostgres(options);
  if (owner.port === undefined)
    throw new Error(`process ${owner.pid} is just starting in ${dataDir}: try again when it serves`);
  const { passwords } = JSON.parse(await readFile(known, 'utf8')) as Secrets;
  return { urls: urlsOf(owner.port, passwords), stop: async () => {} };
}

/** A process, told from another one that was given its id later. */
interface Identity {
  readonly pid: number;
  readonly startedAt: string;
}

interface Owner extends Identity {
  /** It may outlive its parent by the time that PostgreSQL takes to stop. */
  readonly keeper?: Identity;
  /** Where PostgreSQL listens. */
  readonly port?: number;
  readonly url?: string;
}

/** One program at a time: an owner that is alive keeps its folder; one that is gone is followed when its keeper has ended too. */
async function own(dataDir: string) {
  const file = join(dataDir, 'owner.json');
  const draft = `${file}.${process.pid}`;
  let self: Owner = identify(process.pid);
  await writeFile(draft, JSON.stringify(self));
  try {
    await takeOver(dataDir, file, draft);
  } finally {
    await rm(draft);
  }
  return {
    async note(more: Partial<Owner>) {
      self = { ...self, ...more };
      await replaceFile(file, self);
    },
    release: () => rm(file, { force: true }),
  };
}

async function takeOver(dataDir: string, file: string, draft: string): Promise<void> {
  const latestMs = performance.now() + lastKeeperEndsWithinMs;
  while (!appears(draft, file)) {
    const last = readOwner(file);
    if (last && isAlive(last))
      throw new Error(
        `${dataDir} is in use by process ${last.pid}${last.url ? `, which serves ${last.url}` : ''}: stop it, or set DATA_DIR to another folder`,
      );
    if (!last?.keeper || !isAlive(last.keeper)) rmSync(file, { force: true });
    else if (performance.now() < latestMs) await pause(20);
    else
      throw new Error(
        `the last run's keeper of ${dataDir}, process ${last.keeper.pid}, does not end: end it and try again`,
      );
  }
}

/** A link appears whole, and only where there is none: of two programs that start together one finds the other. */
function appears(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    // Gone meanwhile, or nothing that this program wrote.
    return undefined;
  }
}

const identify = (pid: number): Identity => ({ pid, startedAt: startOf(pid) });

const isAlive = ({ pid, startedAt }: Identity) => startedAt !== '' && startOf(pid) === startedAt;

/** When a process started, in whatever words the system has for it; empty if there is none. */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  try {
    // The command's name is in brackets and may hold anything; its state is the first field after it, its start the 20th.
    const [, text = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?!.*\) )/);
    const fields = text.split(' ');
    // Killed, and nobody has asked for its exit code: in a container without an init that lasts for ever.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    // No /proc (macOS): the process id alone has to do.
    return 'unknown';
  }
}

/** Whole or not at all, also when this process is killed meanwhile. Readable by this user alone. */
async function replaceFile(file: string, content: object): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(content), { mode: 0o600, flush: true });
  await rename(draft, file);
}

/**
 * Where PostgreSQL keeps its files: in `dataDir`, unless this is root and the user that runs PostgreSQL cannot get there (a
 * private home). Then under `/var/lib/order-saga`, in a folder named after `dataDir`, and a note says where.
 */
async function placeOfData(dataDir: string, account: Account | undefined): Promise<string> {
  const path = await realpath(dataDir);
  const inside = join(path, 'postgres');
  const note = join(path, 'postgres-is-elsewhere.txt');
  const outside = join(sharedFolder, createHash('sha256').update(inside).digest('hex').slice(0, 16));
  const place = !account || (await isReachable(path)) ? inside : outside;
  const last = existsSync(note)
    ? (await readFile(note, 'utf8')).trim()
    : existsSync(inside)
      ? inside
      : undefined;
  if (last !== undefined && last !== place)
    throw new Error(
      `${dataDir} was moved or copied, or its permissions changed: move ${last} to ${place} and write that path into ${note}`,
    );
  // Without a note it belonged to a folder of the same name that was deleted, passwords and all.
  if (last === undefined && place === outside)
    await rm(outside, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(place, { recursive: true, mode: 0o755 });
  if (account) await chown(place, account.uid, account.gid);
  if (place === outside) {
    // Whatever this user's umask is.
    await chmod(sharedFolder, 0o755);
    await writeFile(note, `${outside}\n`);
  }
  return place;
}

interface Secrets {
  readonly superuser: string;
  /** By role. */
  readonly passwords: Readonly<Record<string, string>>;
}

/** Passwords are made once and kept where only this user reads them. */
async function secrets(file: string, databases: readonly string[]) {
  const word = () => randomBytes(16).toString('hex');
  const known = existsSync(file)
    ? (JSON.parse(await readFile(file, 'utf8')) as Secrets)
    : { superuser: word(), passwords: {} };
  const passwords = Object.fromEntries(databases.map((name) => [name, known.passwords[name] ?? word()]));
  await replaceFile(file, { superuser: known.superuser, passwords: { ...known.passwords, ...passwords } });
  return { superuser: known.superuser, passwords };
}

/** `stop` resolves to whether the keeper has ended. `onSpawn` is done before the keeper is told to do anything. */
async function startKeeper(
  command: readonly string[],
  options: ClusterOptions,
  onSpawn: (pid: number) => Promise<void>,
): Promise<{ port: number; stop(): Promise<boolean> }> {
  const [program = '', ...args] = command;
  // A session of its own: Ctrl-C in the parent's terminal is the parent's affair.
  const keeper = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(keeper, 'close');
  // Writing to a keeper that has ended is answered by `ended`.
  keeper.stdin.on('error', () => {});
  if (keeper.pid === undefined) await ended;
  else await onSpawn(keeper.pid);
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
    stop() {
      keeper.stdin.end();
      return Promise.race([ended.then(() => true), pause(stopWithinMs, false, { ref: false })]);
    },
  };
}
