/** What the inbox does about a transaction that another one has overtaken, for tests that handle messages without an inbox. */
import { isOvertaken } from '../../src/outbox/faults.ts';

/** Several may be overtaken one after the other; none is so for ever. */
const maxTries = 20;

/** Does `work` again as long as somebody else has written a row first that it wanted to write. */
export async function untilNotOvertaken<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1)
    try {
      return await work();
    } catch (error) {
      if (!isOvertaken(error) || tries === maxTries) throw error;
    }
}
