import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** The bundle imports `.sql` as text (esbuild's loader); tests read the same files the same way. */
const sqlAsText = {
  name: 'sql-as-text',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.sql')) return null;
    return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`;
  },
};

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  define: { ORDER_SAGA_VERSION: JSON.stringify(version) },
  plugins: [sqlAsText],
  test: {
    // Most of the time goes by in waiting, for replies, timeouts and other processes: more files at once than two cores would have.
    maxWorkers: 3,
    // Files share a worker and what it has loaded: a process of its own for each would be a quarter of the whole suite's work.
    isolate: false,
    // A state is waited for, not a time: vitest's second is too short for three processes on a crowded machine.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'bench/*.test.ts',
            'test/support/*.test.ts',
            'test/simulation/**/*.test.ts',
            'test/boundaries.test.ts',
            'test/webhooks.test.ts',
          ],
          exclude: ['**/*.db.test.ts', '**/*.mq.test.ts'],
          // The longest takes a fraction of a second on a machine of its own; on a crowded one vitest's 5 s are too few.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'db',
          include: ['src/**/*.db.test.ts', 'src/**/*.mq.test.ts', 'test/simulation/**/*.db.test.ts'],
          globalSetup: ['test/support/services.ts'],
          // Longer than `until` waits: it names what did not come.
          testTimeout: 45_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          exclude: ['test/readme.e2e.test.ts'],
          // Crash points wait for leases to end, ten seconds each: they do so together.
          maxConcurrency: 8,
          globalSetup: ['test/support/services.ts', 'test/support/rabbit-service.ts'],
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: {
          // It measures: after all others, with nothing beside it.
          name: 'readme',
          include: ['test/readme.e2e.test.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          // One after the other: some of them measure, and some take all there is.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          include: ['test/**/*.long.test.ts'],
          globalSetup: ['test/support/services.ts', 'test/support/rabbit-service.ts'],
          testTimeout: 600_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
