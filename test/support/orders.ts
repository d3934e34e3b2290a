/** Orders of every outcome, an hour old, made by SQL alone: three databases that agree, however many orders there are. */
import type { Database } from '../../src/outbox/index.ts';

export type Databases = Readonly<Record<'order' | 'stock' | 'payment', Database>>;

/** How the order with a number ended, by its last digit. */
export const outcomes = [
  'confirmed',
  'out_of_stock',
  'declined',
  'voided',
  'cancelled',
  'authorizing',
  'confirmed',
  'confirmed',
  'confirmed',
  'confirmed',
] as const;

export type Outcome = (typeof outcomes)[number];

/** The id of an order: that of a number, ids grow with numbers. */
export const orderId = (n: number) => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
/** The id of the first order that ended so. */
export const idOf = (outcome: Outcome) => orderId(outcomes.indexOf(outcome));

/** What the three have in common: number, id, outcome, lines. An order has one to three of a mug, every other one a pen as well. */
const orders = (count: number) => `
  with orders as (
    select n, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as id,
      (array['${outcomes.join("','")}'])[n % 10 + 1] as outcome,
      jsonb_build_array(jsonb_build_object('sku', 'MUG-01', 'name', 'Mug', 'quantity', 1 + n % 3, 'unitPrice', 1250))
        || case n % 2 when 0 then '[{"sku": "PEN-01", "name": "Pen", "quantity": 1, "unitPrice": 300}]' else '[]'::jsonb end
        as lines,
      1250 * (1 + n % 3) + case n % 2 when 0 then 300 else 0 end as total,
      now() - interval '1 hour' as at
    from generate_series(0, ${count - 1}) as n
  )`;

/** Empties the databases and fills them. */
export async function fillShop({ order, stock, payment }: Databases, count: number): Promise<void> {
  await Promise.all([
    run(
      order,
      `truncate orders, order_history, outbox, inbox_failures;
      ${orders(count)}
      insert into orders (id, customer_id, step, status, reason, lines, total, currency, step_attempts, deadline_at,
        created_at, updated_at)
      select id, 'cus_1', case outcome when 'authorizing' then 'authorizing_payment' else 'done' end,
        case when outcome = 'confirmed' then 'confirmed' when outcome = 'authorizing' then 'pending'
          when outcome in ('voided', 'cancelled') then 'cancelled' else 'rejected' end,
        case when outcome not in ('confirmed', 'authorizing') then '{"code": "timed_out", "detail": "-"}'::jsonb end,
        lines, total, 'EUR', case outcome when 'authorizing' then 1 else 0 end,
        case outcome when 'authorizing' then now() + interval '30 seconds' end, at, at
      from orders`,
    ),
    run(
      stock,
      `truncate reservations, products, receipts, outbox, inbox_failures;
      ${orders(count)}
      insert into reservations (order_id, state, lines, reason, inquire_at, created_at, updated_at)
      select id, case when outcome = 'confirmed' then 'committed' when outcome = 'authorizing' then 'held'
          when outcome = 'out_of_stock' then 'rejected' else 'released' end,
        lines, case outcome when 'out_of_stock' then '{"code": "out_of_stock", "detail": "-"}'::jsonb end,
        case outcome when 'authorizing' then now() + interval '1 hour' end, at, at
      from orders;
      insert into products (sku, name, unit_price, currency, version, on_hand, reserved)
      select sku, 'a product', 1, 'EUR', 1, 1000000, coalesce((
        select sum((line ->> 'quantity')::bigint) from reservations, jsonb_array_elements(lines) as line
        where state = 'held' and line ->> 'sku' = sku), 0)
      from unnest(array['MUG-01', 'PEN-01']) as sku;
      insert into receipts (id, sku, quantity)
      select gen_random_uuid(), sku, on_hand + coalesce((
        select sum((line ->> 'quantity')::bigint) from reservations, jsonb_array_elements(lines) as line
        where state = 'committed' and line ->> 'sku' = sku), 0)
      from products`,
    ),
    run(
      payment,
      `truncate payments, simulated_gateway_ledger, outbox, inbox_failures;
      ${orders(count)}
      insert into payments (order_id, id, amount, currency, state, approved, decline_code, call_at, call_since,
        created_at, updated_at)
      select id, gen_random_uuid(), total, 'EUR',
        case outcome when 'confirmed' then 'captured' else outcome end, case outcome when 'authorizing' then null else
        outcome <> 'declined' end, case outcome when 'declined' then 'card_declined' end,
        case outcome when 'authorizing' then now() + interval '1 hour' end, case outcome when 'authorizing' then at end, at, at
      from orders where outcome in ('confirmed', 'declined', 'voided', 'authorizing');
      insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, decline_code, at)
      select operation || ':' || order_id, operation, order_id, amount, currency, decline_code, created_at
      from payments, unnest(array['authorize', 'capture', 'void']) as operation
      where operation = 'authorize' or (operation = 'capture' and state = 'captured')
        or (operation = 'void' and state = 'voided')`,
    ),
  ]);
}

/** Statements of a test in one transaction, which may take its time: a million orders do. */
export const run = (database: Database, text: string): Promise<unknown> =>
  database.transaction((sql) => sql.unsafe(text), { deadlineMs: Number.POSITIVE_INFINITY });
