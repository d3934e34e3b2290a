/**
 * The keeper: a child of this program that runs PostgreSQL and holds a pipe to its parent. When the pipe closes, because the
 * parent stopped, crashed or was killed, it stops PostgreSQL and ends. Signals of the parent's terminal do not reach it.
 */
import { createInterface } from 'node:readline';
import { type ClusterOptions, startCluster } from './cluster.ts';

/** What the keeper answers, as one line of JSON. */
export type KeeperAnswer = { readonly port: number } | { readonly failed: string };

/** Runs until the parent is gone. The first line of its input is a `ClusterOptions`: passwords are seen by nobody on a command line. */
export async function runKeeper(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const options = await new Promise<ClusterOptions | undefined>((resolve) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as ClusterOptions));
    lines.once('close', () => resolve(undefined));
  });
  if (!options) return;
  const orphaned = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  try {
    const cluster = await startCluster(options);
    answer({ port: cluster.port });
    await Promise.race([orphaned, cluster.ended]);
    await cluster.stop();
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) });
  }
}

function answer(line: KeeperAnswer): void {
  // The parent may be gone already.
  process.stdout.on('error', () => {});
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
