/**
 * The keeper: a child of this program that runs PostgreSQL and holds a pipe to its parent. When the pipe closes, because the
 * parent stopped, crashed or was killed, it stops PostgreSQL and ends. Signals of the parent's terminal do not reach it.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type ClusterOptions, startCluster } from './cluster.ts';

/** What the keeper answers, as one line of JSON. */
export type KeeperAnswer = { readonly port: number } | { readonly failed: string };

/** Runs until the parent is gone. The first line of its input is a `ClusterOptions`: passwords are seen by nobody on a command line. */
export async function runKeeper(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const closed = once(lines, 'close');
  const options = await Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(line) as ClusterOptions),
    closed.then(() => undefined),
  ]);
  if (!options) return;
  const signals = (['SIGTERM', 'SIGINT', 'SIGHUP'] as const).map((signal) => once(process, signal));
  const orphaned = Promise.race([closed, ...signals]);
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
