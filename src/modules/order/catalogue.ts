/** The price copy: what Order knows of Stock's products. The newest version wins, whichever way it came. */
import type { Database, Limits, UnitOfWork, Worker } from '../../outbox/index.ts';
import { type OrderStore, orderStore } from './store.ts';

/** A change that was lost on the way is noticed after this time at the latest, in seconds. */
const askAgainSeconds = 3_600;
/** A start asks too, unless another replica has just done so: what happened meanwhile may have been missed. */
const askAtStartSeconds = 60;

/** False until Stock's list has come once: what is not in the copy may well be sold. */
export function isListed(database: Database): (limits?: Limits) => Promise<boolean> {
  let listed = false;
  return async (limits) => {
    // Once true it stays true: the copy is never emptied.
    listed ||= await database.query(async (sql) => {
      const [row] = await sql<{ listed: boolean }[]>`select listed_at is not null as listed from catalogue`;
      return row?.listed ?? false;
    }, limits);
    return listed;
  };
}

/**
 * Asks Stock for its whole list: at the start and every hour, once per database; again after `retrySeconds` while the first
 * answer is missing. A question that is still in the outbox is not asked twice.
 */
export function createListing(
  unit: UnitOfWork,
  retrySeconds: number,
  store: OrderStore = orderStore,
): Worker {
  let askAfterSeconds = askAtStartSeconds;
  return {
    name: 'product listing',
    everyMs: Math.min(5_000, retrySeconds * 1_000),
    runOnce: () =>
      unit.run(async ({ sql, send }) => {
        const due = await store.lockDueListing(sql, { askAfterSeconds, retrySeconds });
        askAfterSeconds = askAgainSeconds;
        if (!due) return { more: false };
        const { questionId } = due;
        if (questionId && (await store.unsent(sql, [questionId])).has(questionId)) return { more: false };
        const question = send({ type: 'stock.list_products', subject: 'products', data: {} });
        await store.noteListingAsked(sql, question.id);
        return { more: false };
      }),
  };
}
