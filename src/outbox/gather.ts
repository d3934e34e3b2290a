/** Many callers, one statement: what comes while one run is under way goes together in the next. */
import { DatabaseTimeout, type Limits } from './transaction.ts';

/** Items of one run: enough to share its cost, few enough that none waits long for the others. */
const maxGathered = 500;
/** With less time left than this a run would hardly end: it is not begun, and its caller learns it now. */
const minLeftMs = 500;

interface Caller<Item, Result> {
  readonly item: Item;
  readonly deadlineMs: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Returns a function that hands its item to `run` together with what others hand in meanwhile, and gives back what `run` has
 * made of it: results in the order of the items, or nothing. A lone caller waits for no other; under load the batches grow by
 * themselves. A failure is told to all of its run. Every caller waits for its answer, so that no more is gathered than callers
 * there are.
 *
 * `restMs`: a run begins so long after the last one at the earliest, unless so much has come meanwhile that it `isEnough`. Who comes
 * after a rest still waits for nobody.
 *
 * A run has the earliest deadline of its callers, so that nothing is done for one who has been told that it is too late. When it
 * comes, those who have time left go into the next run.
 */
export function gather<Item, Result = void>(
  // biome-ignore lint/suspicious/noConfusingVoidType: a run without results is an async function that returns nothing
  run: (items: readonly Item[], limits: Limits) => Promise<readonly Result[] | void>,
  {
    restMs = 0,
    isEnough = () => false,
  }: { readonly restMs?: number; readonly isEnough?: (items: readonly Item[]) => boolean } = {},
): (item: Item, limits?: Limits) => Promise<Result> {
  let gathered: Caller<Item, Result>[] = [];
  let running = false;
  let restsUntilMs = 0;
  let endRest = () => {};

  async function runAll(): Promise<void> {
    while (gathered.length > 0) {
      if (performance.now() < restsUntilMs && !isEnough(itemsOf(gathered))) await rest();
      restsUntilMs = performance.now() + restMs;
      const callers = gathered.splice(0, maxGathered).filter(hasTime);
      if (callers.length > 0) await runOnce(callers);
    }
    running = false;
  }

  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, restsUntilMs - performance.now());
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function runOnce(callers: readonly Caller<Item, Result>[]): Promise<void> {
    const earliestMs = Math.min(...callers.map(({ deadlineMs }) => deadlineMs));
    const items = itemsOf(callers);
    try {
      const results = await run(items, Number.isFinite(earliestMs) ? { deadlineMs: earliestMs } : {});
      for (const [i, { resolve }] of callers.entries()) resolve(results?.[i] as Result);
    } catch (error) {
      const goesOn = ({ deadlineMs }: { deadlineMs: number }) =>
        error instanceof DatabaseTimeout && deadlineMs > earliestMs;
      for (const caller of callers) if (!goesOn(caller)) caller.reject(error);
      gathered = [...callers.filter(goesOn), ...gathered];
    }
  }

  return (item, { deadlineMs = Number.POSITIVE_INFINITY } = {}) =>
    new Promise((resolve, reject) => {
      gathered.push({ item, deadlineMs, resolve, reject });
      if (running && isEnough(itemsOf(gathered))) endRest();
      if (running) return;
      running = true;
      // Not at once: those who were woken by the same event come along.
      setImmediate(runAll);
    });
}

const itemsOf = <Item>(callers: readonly { readonly item: Item }[]) => callers.map(({ item }) => item);

function hasTime({ deadlineMs, reject }: Pick<Caller<unknown, unknown>, 'deadlineMs' | 'reject'>): boolean {
  const enough = deadlineMs - performance.now() >= minLeftMs;
  if (!enough) reject(new DatabaseTimeout('too little time was left'));
  return enough;
}
