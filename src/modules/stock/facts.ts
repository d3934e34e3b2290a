/** What Stock states about itself: what it counts of every product and what that adds up from, and every reservation. */
import type { Facts, ProductFact, ReservationFact, Scope } from '../../contracts/facts.ts';
import type { Line } from '../../contracts/values.ts';
import { portions, type Sql } from '../../outbox/index.ts';
import { ofOrders, unitsOf } from '../facts.ts';

type Row = Omit<ReservationFact, 'fact' | 'units'> & { readonly lines: readonly Line[] };

export async function* stockFacts(sql: Sql, scope: Scope): Facts {
  if (scope.products)
    for await (const portion of products(sql)) yield portion.map((row) => ({ fact: 'product', ...row }));
  const rows = portions<Row>(
    sql,
    'reservations_for_facts',
    sql`
      select order_id as "orderId", state, lines, extract(epoch from now() - updated_at)::float8 as "ageSeconds"
      from reservations where ${ofOrders(sql, 'order_id', scope)} order by order_id`,
  );
  for await (const portion of rows)
    yield portion.map(({ lines, ...row }) => ({ fact: 'reservation', ...row, units: unitsOf(lines) }));
}

/** Also what is promised of a product that is not there. */
const products = (sql: Sql) =>
  portions<Omit<ProductFact, 'fact'>>(
    sql,
    'products_for_facts',
    sql`
      select sku, coalesce(on_hand, 0) as "onHand", coalesce(reserved, 0) as reserved,
        coalesce(received, 0)::bigint as received, coalesce(held, 0)::bigint as held,
        coalesce(committed, 0)::bigint as committed
      from products
      full join (select sku, sum(quantity) as received from receipts group by sku) as receipts using (sku)
      full join (
        select line ->> 'sku' as sku, sum((line ->> 'quantity')::bigint) filter (where state = 'held') as held,
          sum((line ->> 'quantity')::bigint) filter (where state = 'committed') as committed
        from reservations, jsonb_array_elements(lines) as line
        where state in ('held', 'committed') group by 1
      ) as promised using (sku)`,
  );
