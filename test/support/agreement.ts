/** Whether three databases that share nothing tell the same story. */
import { expect } from 'vitest';
import type { Shop } from './shop.ts';

/** What is still held for anybody. */
export async function held(shop: Shop) {
  const count = async (
    module: 'stock' | 'payment',
    states: readonly string[],
    table: 'reservations' | 'payments',
  ) =>
    (
      await shop.look(
        module,
        (sql) => sql`select 1 from ${sql(table)} where state = any(${[...states]}::text[])`,
      )
    ).length;
  const [{ reserved } = { reserved: 0 }] = await shop.look<{ reserved: number }>(
    'stock',
    (sql) => sql`select sum(reserved)::bigint as reserved from products`,
  );
  return {
    reservations: await count('stock', ['held'], 'reservations'),
    payments: await count('payment', ['authorizing', 'authorized', 'capturing', 'voiding'], 'payments'),
    reserved,
  };
}

/** Confirmed orders, committed reservations and captured payments are the same orders, to the unit and the cent. */
export async function agree(shop: Shop): Promise<void> {
  const orders = await shop.look(
    'order',
    (sql) => sql`
      select id, total, (select sum((line ->> 'quantity')::bigint)::bigint from jsonb_array_elements(lines) line) as units
      from orders where status = 'confirmed' order by id`,
  );
  const captured = await shop.look(
    'payment',
    (sql) =>
      sql`select order_id as id, amount as total from payments where state = 'captured' order by order_id`,
  );
  const committed = await shop.look(
    'stock',
    (sql) => sql`
      select order_id as id, (select sum((line ->> 'quantity')::bigint)::bigint from jsonb_array_elements(lines) line) as units
      from reservations where state = 'committed' order by order_id`,
  );
  expect(captured).toEqual(orders.map(({ id, total }: Record<string, unknown>) => ({ id, total })));
  expect(committed).toEqual(orders.map(({ id, units }: Record<string, unknown>) => ({ id, units })));
  const levels = await shop.look<{ received: number; sold: number }>(
    'stock',
    (sql) => sql`
      select (select sum(quantity)::bigint from receipts) as received, (select sum(on_hand)::bigint from products) as left,
        coalesce((select sum((line ->> 'quantity')::bigint)::bigint
          from reservations, jsonb_array_elements(lines) line where state = 'committed'), 0) as sold`,
  );
  const [level] = levels as unknown as { received: number; left: number; sold: number }[];
  expect(level?.left).toBe((level?.received ?? 0) - (level?.sold ?? 0));
}
