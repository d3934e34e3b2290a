/** One line for many: an outage is told once a second, not once a request. */

const everyMs = 1_000;

/**
 * Returns what passes its fields on to `tell`, at once when it has been quiet; what comes within a second after that is counted, and
 * told by its last one with the number.
 */
export function seldom(
  tell: (fields: Readonly<Record<string, unknown>>) => void,
): (fields: Readonly<Record<string, unknown>>) => void {
  let count = 0;
  let latest: Readonly<Record<string, unknown>> = {};
  let timer: NodeJS.Timeout | undefined;

  function tellWhatCame(): void {
    timer = undefined;
    if (count === 0) return;
    tell({ ...latest, times: count });
    count = 0;
    rest();
  }

  function rest(): void {
    timer = setTimeout(tellWhatCame, everyMs);
    timer.unref();
  }

  return (fields) => {
    if (timer) {
      count += 1;
      latest = fields;
      return;
    }
    tell(fields);
    rest();
  };
}
