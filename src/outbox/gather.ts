/** Many callers, one statement: what comes while one run is under way goes together in the next. */

/** Items of one run: enough to share its cost, few enough that none waits long for the others. */
const maxGathered = 500;

/**
 * Returns a function that hands its item to `run` together with what others hand in meanwhile, and gives back what `run` has
 * made of it: results in the order of the items, or nothing. A lone caller waits for no other; under load the batches grow by
 * themselves. A failure is told to all of its run. Every caller waits for its answer, so that no more is gathered than callers
 * there are.
 */
export function gather<Item, Result = void>(
  // biome-ignore lint/suspicious/noConfusingVoidType: a run without results is an async function that returns nothing
  run: (items: readonly Item[]) => Promise<readonly Result[] | void>,
): (item: Item) => Promise<Result> {
  const gathered: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  let running = false;

  async function runAll(): Promise<void> {
    while (gathered.length > 0) {
      const callers = gathered.splice(0, maxGathered);
      try {
        const results = await run(callers.map(({ item }) => item));
        for (const [i, { resolve }] of callers.entries()) resolve(results?.[i] as Result);
      } catch (error) {
        for (const { reject } of callers) reject(error);
      }
    }
    running = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      gathered.push({ item, resolve, reject });
      if (running) return;
      running = true;
      // Not at once: those who were woken by the same event come along.
      setImmediate(runAll);
    });
}
