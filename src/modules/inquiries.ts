/** Nobody holds anything without asking: the clock that the participants share. */
import type { Participant } from '../contracts/values.ts';
import { createSweeps, dueSince, type Sql, type UnitOfWork, unsent, type Worker } from '../outbox/index.ts';

/** Asked after in one run: Order gets a stream, not a flood. */
const maxInquiries = 500;
/** Whoever still holds something asks at least once an hour. */
const maxWaitSeconds = 3_600;

/** An order for which something is held too long, and the last question about it. */
export interface DueInquiry {
  readonly orderId: string;
  readonly inquiryId: string | null;
}

/** What is asked after, in `table`: keyed by `order_id`, with `inquire_at` (null: nothing is held), `inquiries` and `inquiry_id`. */
export const inquiryStore = {
  /**
   * Locks up to `limit` inquiries that became due in the last `lastSeconds`, or ever (see `Sweep`), the longest overdue first; others
   * may be at work on the rest.
   */
  async lockDue(
    sql: Sql,
    table: string,
    limit: number,
    lastSeconds: number | null,
  ): Promise<readonly DueInquiry[]> {
    return sql<DueInquiry[]>`
      select order_id as "orderId", inquiry_id as "inquiryId" from ${sql(table)}
      where inquire_at >= ${dueSince(sql, lastSeconds)} and inquire_at <= now()
      order by inquire_at limit ${limit} for update skip locked`;
  },

  /** Notes what was asked. The wait doubles from `afterSeconds` to an hour. */
  async noteAsked(
    sql: Sql,
    table: string,
    asked: readonly { readonly orderId: string; readonly id: string }[],
    afterSeconds: number,
  ): Promise<void> {
    await sql`
      update ${sql(table)} as holding set inquiry_id = asked.id, inquiries = inquiries + 1,
        inquire_at = now() + make_interval(secs => least(${afterSeconds}::float8 * power(2, least(inquiries, 20)), ${maxWaitSeconds}))
      from unnest(${asked.map(({ orderId }) => orderId)}::uuid[], ${asked.map(({ id }) => id)}::uuid[])
        as asked (order_id, id)
      where holding.order_id = asked.order_id`;
  },

  unsent,
};

export type InquiryStore = typeof inquiryStore;

/** Asks Order what has become of orders for which something is held too long. A question still in the outbox is not asked again. */
export function createInquiries(options: {
  readonly unit: UnitOfWork;
  readonly participant: Participant;
  /** Where it is noted what is held. */
  readonly table: string;
  /** The first wait: set by who writes `inquire_at`. */
  readonly afterSeconds: number;
  readonly store?: InquiryStore;
}): Worker {
  const { unit, participant, table, afterSeconds, store = inquiryStore } = options;
  const begin = createSweeps();
  return {
    name: `${participant} inquiries`,
    everyMs: Math.min(5_000, afterSeconds * 1_000),
    runOnce: () =>
      unit.run(async ({ sql, send, onCommit }) => {
        const sweep = begin();
        const due = await store.lockDue(sql, table, maxInquiries, sweep.lastSeconds);
        if (due.length < maxInquiries) onCommit(sweep.done);
        if (due.length === 0) return { more: false };
        const questions = due.flatMap(({ inquiryId }) => inquiryId ?? []);
        const waiting = await store.unsent(sql, questions);
        const asked = due.map(({ orderId, inquiryId }) => {
          if (inquiryId && waiting.has(inquiryId)) return { orderId, id: inquiryId };
          return { orderId, id: send({ type: 'order.inquire', subject: orderId, data: { participant } }).id };
        });
        await store.noteAsked(sql, table, asked, afterSeconds);
        return { more: false };
      }),
  };
}
