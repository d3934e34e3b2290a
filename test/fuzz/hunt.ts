/** Throws generated inputs at something, many at once, and when it complains finds the one input and makes it small. */
import fc from 'fast-check';

/** Delivered together: enough to keep two cores busy, few enough to be searched quickly for the guilty one. */
const chunkLength = 1_000;

/** A hang is noticed after seconds: some of the smaller inputs are left untried rather than the finding untold. */
const shrinkForMs = 180_000;

export interface Prey<Input> {
  /** For the line that repeats a finding. */
  readonly name: string;
  readonly inputs: fc.Arbitrary<Input>;
  /** Delivers inputs and resolves, when all of them have been dealt with, to what is wrong; undefined: nothing. */
  deliver(inputs: readonly Input[]): Promise<string | undefined>;
}

/** `FUZZ_SEED` repeats a run, with `FUZZ_PATH` one finding. */
export const seedFromOutside = process.env['FUZZ_SEED'];
const pathFromOutside = process.env['FUZZ_PATH'];

/** Throws with the smallest input that is answered wrongly. The n-th chunk is generated with `seed + n`. */
export async function hunt<Input>(
  { name, inputs, deliver }: Prey<Input>,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<void> {
  if (pathFromOutside) return shrink({ name, inputs, deliver }, seed, pathFromOutside);
  const lengthOf = (chunk: number) => Math.min(chunkLength, count - chunk * chunkLength);
  const generate = (chunk: number) =>
    lengthOf(chunk) > 0 ? fc.sample(inputs, { seed: seed + chunk, numRuns: lengthOf(chunk) }) : [];
  let next = generate(0);
  for (let chunk = 0; next.length > 0; chunk += 1) {
    const all = next;
    const delivered = deliver(all);
    // Others are at work on these meanwhile.
    next = generate(chunk + 1);
    const fault = await delivered;
    if (fault === undefined) continue;
    // Told at once: what follows takes its time.
    process.stdout.write(`${name}, chunk ${chunk}: ${fault}\n`);
    const guilty = await narrow(all, 0, all.length, deliver);
    if (guilty !== undefined) {
      process.stdout.write(`${JSON.stringify(all[guilty])}\n`);
      await shrink({ name, inputs, deliver }, seed + chunk, String(guilty));
    }
    throw new Error(
      `${name}: ${fault}\nno single input does it; repeat with FUZZ_SEED=${seed} (chunk ${chunk} of ${all.length})`,
    );
  }
}

/** The position of one input that is answered wrongly alone, by halves. */
async function narrow<Input>(
  all: readonly Input[],
  from: number,
  to: number,
  deliver: Prey<Input>['deliver'],
): Promise<number | undefined> {
  if (to - from === 1) return from;
  const middle = (from + to) >> 1;
  for (const [start, end] of [
    [from, middle],
    [middle, to],
  ] as const)
    if ((await deliver(all.slice(start, end))) !== undefined) return narrow(all, start, end, deliver);
  return undefined;
}

/** Delivers one input, by its seed and path, and smaller ones while they are answered wrongly too; throws with the smallest. */
async function shrink<Input>(
  { name, inputs, deliver }: Prey<Input>,
  seed: number,
  path: string,
): Promise<void> {
  let fault: string | undefined;
  const property = fc.asyncProperty(inputs, async (input) => {
    const found = await deliver([input]);
    fault = found ?? fault;
    return found === undefined;
  });
  const { failed, counterexample, counterexamplePath } = await fc.check(property, {
    seed,
    path,
    numRuns: 1,
    interruptAfterTimeLimit: shrinkForMs,
  });
  if (failed)
    throw new Error(
      `${name}: ${fault}\n${JSON.stringify(counterexample?.[0], null, 2)}\n` +
        `repeat with FUZZ_SEED=${seed} FUZZ_PATH=${counterexamplePath}`,
    );
}
