/** Tells customers the outcome: every outcome has left a row; this loop works them off. */
import type { Database, Worker } from '../../../outbox/index.ts';

/** Told in one run. */
const maxNotices = 100;

export interface Notice {
  readonly orderId: string;
  readonly status: 'confirmed' | 'rejected' | 'cancelled';
  /** From placing to the outcome, in seconds. */
  readonly seconds: number;
}

/** Tells one customer. */
export type Tell = (notice: Notice) => void;

/** Takes notices that are due, tells them, and marks them told. Told at least once: a crash in between tells it again. */
export function createNotices(database: Database, tell: Tell): Worker {
  return {
    name: 'notices',
    everyMs: 1_000,
    runOnce: () =>
      database.transaction(async (sql) => {
        const notices = await sql<Notice[]>`
          select order_id as "orderId", notices.status,
            extract(epoch from notices.created_at - orders.created_at)::float8 as seconds
          from notices join orders on orders.id = order_id where next_attempt_at <= now()
          order by next_attempt_at limit ${maxNotices} for update of notices skip locked`;
        for (const notice of notices) tell(notice);
        if (notices.length > 0)
          await sql`
            update notices set told_at = now(), next_attempt_at = null, attempts = attempts + 1
            where order_id = any(${notices.map(({ orderId }) => orderId)}::uuid[])`;
        return { more: notices.length === maxNotices };
      }),
  };
}
