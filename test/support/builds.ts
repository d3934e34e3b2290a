/** Other builds of the program: an earlier one, from git, and this one with a fault planted. Each in a folder of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder, removeFolder } from './folder.ts';

const run = promisify(execFile);

export interface Build {
  /** To be run with `startProgram(env, { bundle })`. */
  readonly bundle: string;
  remove(): Promise<void>;
}

/** A replacement in one file of the sources; `from` must be there. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What two versions that run side by side must agree about: what is on the wire and what is in the databases. */
const shared = ['src/contracts', ':(glob)src/**/migrations/**', ':(exclude,glob)**/*.test.ts'];

/** Everything that makes a bundle, but for node_modules. */
const sources = ['package.json', 'build.js', 'tsconfig.json', 'src'];

/**
 * The last commit whose contracts or migrations differ from those of this folder: HEAD while they are being changed. Without a
 * history (a shallow clone, no git) says so in one loud line; with `CI=true` that is a failure.
 */
export function previousCommit(): string | undefined {
  const differs = (commit: string) => git('diff', '--quiet', commit, '--', ...shared).status === 1;
  const last = git('log', '-1', '--first-parent', '--format=%H', '--', ...shared).stdout.trim();
  const found = ['HEAD', `${last}^`].find(differs);
  // Where history is cut off, its first commit seems to have made everything: it has no parent.
  if (found) return git('rev-parse', found).stdout.trim();
  const line =
    'the rolling upgrade cannot be tested: git does not tell which commit changed contracts or migrations last. ' +
    'Fetch the history: git fetch --unshallow (actions/checkout: fetch-depth: 0)';
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
  return undefined;
}

const git = (...args: readonly string[]) => spawnSync('git', args, { encoding: 'utf8' });

/** Builds the sources of a commit. */
export const buildCommit = (commit: string): Promise<Build> =>
  build(async (folder) => {
    const archive = join(folder, 'sources.tar');
    await run('git', ['archive', '--output', archive, commit, ...sources]);
    await run('tar', ['-xf', archive, '-C', folder]);
  });

/** Builds the sources of this folder with a fault in them. */
export const buildPlanted = (edits: readonly Edit[]): Promise<Build> =>
  build(async (folder) => {
    for (const path of sources) await cp(path, join(folder, path), { recursive: true });
    for (const { file, from, to } of edits) {
      const path = join(folder, file);
      const text = await readFile(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not contain ${from}: plant it elsewhere`);
      await writeFile(path, text.replaceAll(from, to));
    }
  });

async function build(fill: (folder: string) => Promise<void>): Promise<Build> {
  const folder = await makeFolder();
  await fill(folder);
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await run(process.execPath, ['build.js'], { cwd: folder });
  return { bundle: join(folder, 'dist/main.js'), remove: () => removeFolder(folder) };
}
