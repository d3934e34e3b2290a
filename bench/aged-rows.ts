/**
 * The rows that months of business leave behind, made by SQL: confirmed orders of the last twelve days with all that belongs to them in
 * three databases, so that the audit finds nothing wrong with them, and two handled messages for each in every inbox.
 */
import type { Name } from './services.ts';

/** The inbox forgets after 14. */
const days = 12;
/** Of the thousand customers that the load has and nine thousand others. */
const customers = 10_000;

/** How many orders there are, and since when: the three databases must mean the same. */
export interface Span {
  readonly total: number;
  readonly sinceMs: number;
}

export const spanOf = (total: number): Span => ({ total, sinceMs: Date.now() - days * 86_400_000 });

/**
 * The numbers of one portion, each with its time and its order's id: UUIDv7 as the program makes them, rising with the number. `kind` tells
 * ids of one number apart: a hexadecimal digit, 8 to b.
 */
const numbered = ({ total, sinceMs }: Span) => `
  select n, at, to_timestamp(at / 1000.0) as moment
  from (
    select n, ${sinceMs}::bigint + n * ${days * 86_400_000 - 3_600_000}::bigint / ${total} as at
    from generate_series($1::bigint, $2::bigint) as n
  ) as numbers`;
const id = (kind: string) =>
  `(lpad(to_hex(at), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0') || '${kind}' || lpad(to_hex(n), 15, '0'))::uuid`;

const line = `'[{"sku": "MUG-01", "name": "Mug", "quantity": 1, "unitPrice": 1250}]'::jsonb`;
const cause = `jsonb_build_object('id', ${id('a')}, 'senttime', moment, 'receivedtime', moment, 'attempt', 1)`;
const sent = (type: string) => `jsonb_build_array(jsonb_build_object('id', ${id('b')}, 'type', '${type}'))`;

const inbox = (span: Span) => `
  insert into inbox (id, handled_at)
  select unnest(array[${id('a')}, ${id('b')}]), moment from (${numbered(span)}) as numbered`;

/** What is to be done once, before the portions. */
export const firstly: Readonly<Partial<Record<Name, (span: Span) => string>>> = {
  stock: ({ total }) =>
    `insert into receipts (id, sku, quantity) values (gen_random_uuid(), 'MUG-01', ${total})`,
};

/** The statements of one portion, the numbers from $1 to $2 of `total`. */
export const portion: Readonly<Record<Name, (span: Span) => readonly string[]>> = {
  order: (span) => [
    `insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, created_at, updated_at)
    select ${id('8')}, 'cus_' || lpad((n % ${customers})::text, 4, '0'), 'done', 'confirmed', ${line}, 1250, 'EUR', 1, moment, moment
    from (${numbered(span)}) as numbered`,
    `insert into order_history (order_id, seq, at, event, heeded, step, status, cause, sent)
    select ${id('8')}, seq, moment, event, true, step, status, case when seq > 1 then ${cause} end, sent
    from (${numbered(span)}) as numbered, lateral (values
      (1, 'place', 'reserving_stock', 'pending', ${sent('stock.reserve')}),
      (2, 'stock.reserved', 'authorizing_payment', 'pending', ${sent('payment.authorize')}),
      (3, 'payment.authorized', 'done', 'confirmed', ${sent('order.confirmed')})
    ) as steps (seq, event, step, status, sent)`,
    `insert into notices (order_id, status, next_attempt_at, created_at, told_at)
    select ${id('8')}, 'confirmed', null, moment, moment from (${numbered(span)}) as numbered`,
    inbox(span),
  ],
  stock: (span) => [
    `insert into reservations (order_id, state, lines, created_at, updated_at)
    select ${id('8')}, 'committed', '[{"sku": "MUG-01", "quantity": 1}]', moment, moment from (${numbered(span)}) as numbered`,
    inbox(span),
  ],
  payment: (span) => [
    `insert into payments (order_id, id, amount, currency, state, approved, created_at, updated_at)
    select ${id('8')}, ${id('9')}, 1250, 'EUR', 'captured', true, moment, moment from (${numbered(span)}) as numbered`,
    `insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, at)
    select operation || ':' || ${id('8')}, operation, ${id('8')}, 1250, 'EUR', moment
    from (${numbered(span)}) as numbered, unnest(array['authorize', 'capture']) as operation`,
    inbox(span),
  ],
};
