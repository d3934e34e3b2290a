/** What every database test needs before it starts: a PostgreSQL, `TEST_POSTGRES_URL` or the embedded one. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { makeFolder, removeFolder } from './folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL. */
    postgresUrl: string;
  }
}

/** Several projects ask for it in one run: they share one server. */
let shared: Promise<{ url: string; stop(): Promise<void> }> | undefined;
let users = 0;

export default async function setup(project: TestProject) {
  shared ??= start();
  users += 1;
  const { url, stop } = await shared;
  project.provide('postgresUrl', url);
  return async () => {
    users -= 1;
    if (users === 0) await stop();
  };
}

async function start(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url) return { url, stop: async () => {} };
  // The keeper is the program's own; `npm test` has built it.
  if (!existsSync('dist/main.js')) execFileSync(process.execPath, ['build.js'], { stdio: 'inherit' });
  const dataDir = await makeFolder();
  const postgres = await startPostgres({
    dataDir,
    databases: [],
    keeper: [process.execPath, 'dist/main.js', '__keeper'],
    // Nothing here outlives the tests.
    settings: {
      fsync: 'off',
      synchronous_commit: 'on',
      full_page_writes: 'off',
      // A dozen or two for each shop, and the crash points open eight at once.
      max_connections: '400',
    },
  });
  return {
    url: postgres.adminUrl,
    async stop() {
      await postgres.stop();
      await removeFolder(dataDir);
    },
  };
}
