/** Nobody holds anything without asking: the clock that the participants share. */
import type { Participant } from '../contracts/values.ts';
import { type UnitOfWork, unsent, type Worker } from '../outbox/index.ts';

/** Asked after in one run: Order gets a stream, not a flood. */
const maxInquiries = 500;
/** Whoever still holds something asks at least once an hour. */
const maxWaitSeconds = 3_600;

/**
 * Asks Order what has become of orders for which something is held too long. `table` is keyed by `order_id` and has
 * `inquire_at` (null: nothing is held), `inquiries` and `inquiry_id`. The wait doubles up to an hour; while a question is
 * still in the outbox it is not asked again.
 */
export function createInquiries(options: {
  readonly unit: UnitOfWork;
  readonly participant: Participant;
  readonly table: string;
  /** The first wait: set by who writes `inquire_at`. */
  readonly afterSeconds: number;
}): Worker {
  const { unit, participant, table, afterSeconds } = options;
  return {
    name: `${participant} inquiries`,
    everyMs: Math.min(5_000, afterSeconds * 1_000),
    runOnce: () =>
      unit.run(async ({ sql, send }) => {
        const due = await sql<{ orderId: string; inquiryId: string | null }[]>`
          select order_id as "orderId", inquiry_id as "inquiryId" from ${sql(table)} where inquire_at <= now()
          order by inquire_at limit ${maxInquiries} for update skip locked`;
        if (due.length === 0) return { more: false };
        const waiting = await unsent(
          sql,
          due.flatMap(({ inquiryId }) => inquiryId ?? []),
        );
        const asked = due.map(({ orderId, inquiryId }) => {
          if (inquiryId && waiting.has(inquiryId)) return { orderId, id: inquiryId };
          return { orderId, id: send({ type: 'order.inquire', subject: orderId, data: { participant } }).id };
        });
        await sql`
          update ${sql(table)} as holding set inquiry_id = asked.id, inquiries = inquiries + 1,
            inquire_at = now() + make_interval(secs => least(${afterSeconds}::float8 * power(2, least(inquiries, 20)), ${maxWaitSeconds}))
          from unnest(${asked.map(({ orderId }) => orderId)}::uuid[], ${asked.map(({ id }) => id)}::uuid[])
            as asked (order_id, id)
          where holding.order_id = asked.order_id`;
        return { more: false };
      }),
  };
}
