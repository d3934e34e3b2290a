/** What only some tests need of the npm registry: large, or for a newer Node than the project asks for. Fetched once, then kept. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Beside the dependencies, and gone with them. */
const cache = resolve('node_modules/.cache/order-saga');

export interface Package {
  readonly name: string;
  readonly version: string;
  /** As package-lock.json would say it: what comes must be what was looked at. */
  readonly integrity: string;
}

/** Unpacks packages as `<folder>/node_modules/<name>`, so that they find each other, and returns the folder. No script of theirs is run. */
export async function fetchPackages(set: string, packages: readonly Package[]): Promise<string> {
  const folder = join(cache, [set, ...packages.map(({ version }) => version)].join('-'));
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  // Whole or not at all: it gets its name when everything is there.
  const made = await mkdtemp(join(cache, 'fetching-'));
  try {
    for (const wanted of packages) await unpack(wanted, made);
    await rename(made, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return folder;
}

async function unpack({ name, version, integrity }: Package, folder: string): Promise<void> {
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--pack-destination', folder, `${name}@${version}`],
    {
      maxBuffer: 64 * 1_024 * 1_024,
    },
  );
  const [packed] = JSON.parse(stdout) as { filename: string; integrity: string }[];
  if (!packed || packed.integrity !== integrity)
    throw new Error(`${name}@${version} is not what it was: ${packed?.integrity}`);
  const target = join(folder, 'node_modules', name);
  await mkdir(target, { recursive: true });
  // Some npm versions name the file of a scoped package with its slash.
  const file = join(folder, packed.filename.replace('@', '').replace('/', '-'));
  await run('tar', ['xzf', file, '-C', target, '--strip-components=1', '--no-same-owner']);
  await rm(file);
}
