/**
 * The broker keeps what it has confirmed, and nothing else makes up for a loss: deadlines and inquiries do not run. What the
 * outbox, the inbox and the failures promise must do: every message has its effect, once.
 */
import { expect, test } from 'vitest';
import { runSeeds, seedsToRun } from './seeds.ts';
import { commonly, everything, forgotten } from './support.ts';

test('every message has its effect, once', { timeout: 3_600_000 }, async () => {
  const seeds = seedsToRun(10_000);
  const counts = await runSeeds({ broker: 'faithful' }, seeds);
  expect(commonly(counts, seeds.count)).toEqual(everything.filter((what) => !forgotten.includes(what)));
});
