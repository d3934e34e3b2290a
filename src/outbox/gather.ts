/** Many callers, one statement: what comes while one run is under way goes together in the next. */

/**
 * Returns a function that hands its argument to `run` together with what others handed in meanwhile, and settles as that run
 * does. A lone caller never waits; under load the batches grow by themselves. Its bound is its callers': each waits for its
 * answer, so that no more is gathered than they have in hand.
 */
export function gather<Item>(
  run: (items: readonly Item[]) => Promise<void>,
): (items: readonly Item[]) => Promise<void> {
  let gathered: Item[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  return (items) => {
    gathered.push(...items);
    next ??= current.then(() => {
      const batch = gathered;
      gathered = [];
      next = undefined;
      const running = run(batch);
      current = running.catch(() => {});
      return running;
    });
    return next;
  };
}
