/** What Payment states about itself: every payment, and beside it what the card processor's own books say, where they are shown. */
import type { BooksFact, Facts, PaymentFact, Scope } from '../../contracts/facts.ts';
import { portions, type Sql } from '../../outbox/index.ts';
import { interleave, ofOrders } from '../facts.ts';

/** Reads a card processor's books, in order-id order. */
export type ReadBooks = (sql: Sql, scope: Scope) => AsyncIterable<readonly BooksFact[]>;

/** `readBooks`: undefined where the card processor keeps its books to itself. */
export async function* paymentFacts(sql: Sql, scope: Scope, readBooks: ReadBooks | undefined): Facts {
  yield [{ fact: 'gateway', showsBooks: readBooks !== undefined }];
  const payments = portions<PaymentFact>(
    sql,
    'payments_for_facts',
    sql`
      select 'payment' as fact, order_id as "orderId", state, amount, currency, calls,
        extract(epoch from now() - updated_at)::float8 as "ageSeconds"
      from payments where ${ofOrders(sql, 'order_id', scope)} order by order_id`,
  );
  if (readBooks) yield* interleave(payments, readBooks(sql, scope));
  else yield* payments;
}
