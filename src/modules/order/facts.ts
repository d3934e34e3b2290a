/** What Order states about itself: where every order stands, and for how long. */
import type { Facts, OrderFact, Scope } from '../../contracts/facts.ts';
import type { Line } from '../../contracts/values.ts';
import { portions, type Sql } from '../../outbox/index.ts';
import { ofOrders, unitsOf } from '../facts.ts';

type Row = Omit<OrderFact, 'fact' | 'units'> & { readonly lines: readonly Line[] };

/** A deadline asks again and moves nothing: an order is at its step since the last thing that moved it. */
export async function* orderFacts(sql: Sql, scope: Scope): Facts {
  const rows = portions<Row>(
    sql,
    'orders_for_facts',
    sql`
      select id as "orderId", status, step, lines, total, currency, step_attempts as attempts,
        extract(epoch from now() - case step when 'done' then updated_at else coalesce(
          (select max(at) from order_history where order_id = orders.id and heeded and event <> 'deadline'),
          created_at) end)::float8 as "stepSeconds",
        coalesce(extract(epoch from now() - deadline_at), 0)::float8 as "overdueSeconds"
      from orders where ${ofOrders(sql, 'id', scope)} order by id`,
  );
  for await (const portion of rows)
    yield portion.map(({ lines, ...row }) => ({ fact: 'order', ...row, units: unitsOf(lines) }));
}
