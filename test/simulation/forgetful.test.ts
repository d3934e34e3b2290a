/**
 * The broker forgets what it has confirmed, one packet or all of them. Deadlines and inquiries make up for it: every order comes
 * to exactly one end.
 */
import { expect, test } from 'vitest';
import { runSeeds, seedsToRun, traceOf } from './seeds.ts';
import { commonly, everything } from './support.ts';

test('no order is lost, half done or done twice', { timeout: 3_600_000 }, async () => {
  const seeds = seedsToRun(10_000);
  const counts = await runSeeds({ broker: 'forgetful' }, seeds);
  expect(commonly(counts, seeds.count)).toEqual(everything);
});

test('a seed is one run: it happens the same way again', async () => {
  for (const seed of [1, 53, 4_711]) {
    const trace = await traceOf(seed, { broker: 'forgetful' });
    expect(trace.length).toBeGreaterThan(20);
    expect(await traceOf(seed, { broker: 'forgetful' })).toEqual(trace);
  }
});
