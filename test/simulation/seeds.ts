/** Runs one seed after the other, or one that is to be looked at. */
import { type Rules, type Run, simulate } from './simulation.ts';

/** Lines of the trace that a failure shows; a replay shows all of it. */
const shownLines = 60;

/** Of a longer run with seeds of its own: so many after the seconds since 1970. */
const longSeeds = Number(process.env['SIMULATION_SEEDS'] ?? 0);
const replayed = process.env['SIMULATION_SEED'];

/** Which seeds a test runs: `count` from 1, unless the environment asks for more, or for one. */
export function seedsToRun(count: number): { readonly from: number; readonly count: number } {
  if (replayed !== undefined) return { from: Number(replayed), count: 1 };
  if (longSeeds === 0) return { from: 1, count };
  const from = Math.floor(Date.now() / 1_000);
  console.log(`${longSeeds} simulated runs from seed ${from}`);
  return { from, count: longSeeds };
}

/**
 * Runs seeds and says how often each thing has happened. Throws at the first run that breaks a law: with how to see it again, and
 * what happened last.
 */
export async function runSeeds(
  rules: Rules,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let seed = from; seed < from + count; seed += 1) {
    const run = await simulate(seed, rules);
    if (run.violations.length > 0) throw new Error(await storyOf(run, rules));
    for (const [what, times] of run.counts) counts.set(what, (counts.get(what) ?? 0) + times);
    // The test runner has something to say now and then.
    if (seed % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (replayed !== undefined) console.log((await traceOf(from, rules)).join('\n'));
  return counts;
}

/** The first of these seeds that breaks a law in words that are looked for: a bug may show in more than one way. */
export async function findFault(rules: Rules, count: number, found: RegExp): Promise<Run | undefined> {
  for (let seed = 1; seed <= count; seed += 1) {
    const run = await simulate(seed, rules);
    if (found.test(run.violations.join('\n'))) return run;
  }
  return undefined;
}

export async function traceOf(seed: number, rules: Rules): Promise<readonly string[]> {
  const trace: string[] = [];
  await simulate(seed, { ...rules, trace });
  return trace;
}

async function storyOf({ seed, violations }: Run, rules: Rules): Promise<string> {
  const trace = await traceOf(seed, rules);
  return [
    `seed ${seed}: ${violations.join('; ')}`,
    `see it again: SIMULATION_SEED=${seed} npx vitest run test/simulation/${rules.broker}.test.ts`,
    ...trace.slice(replayed === undefined ? -shownLines : 0),
  ].join('\n');
}
