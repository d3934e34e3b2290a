/** Whether everything that is stored is what the contracts and the tables' own checks allow. */
import * as v from 'valibot';
import { ListedProduct } from '../../src/contracts/stock.ts';
import {
  Amount,
  Currency,
  Line,
  OrderId,
  Quantity,
  Reason,
  Sku,
  UnitPrice,
} from '../../src/contracts/values.ts';
import type { Sql } from '../../src/outbox/index.ts';
import { type Queue, queues } from './messages.ts';
import type { Target } from './target.ts';

/** As the doors and the contracts bound it, said once more. */
const text = (maxLength: number) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(maxLength), v.regex(/^[^\p{Cc}\p{Cs}]*$/u));

const tables: Readonly<Record<Queue, Readonly<Record<string, v.GenericSchema>>>> = {
  order: {
    orders: v.object({
      id: OrderId,
      customer_id: text(100),
      email: v.nullable(v.pipe(text(254), v.email())),
      reason: v.nullable(v.strictObject({ ...Reason.entries, detail: text(500) })),
      lines: v.pipe(
        v.array(v.strictObject({ sku: Sku, quantity: Quantity, name: text(200), unitPrice: UnitPrice })),
        v.minLength(1),
        v.maxLength(100),
      ),
      total: Amount,
      currency: Currency,
      payment_token: v.nullable(text(100)),
    }),
    products: v.pipe(
      v.object({ sku: Sku, name: text(200), unit_price: UnitPrice, currency: Currency, version: v.number() }),
      v.transform(({ unit_price: unitPrice, ...rest }) => ({ ...rest, unitPrice })),
      ListedProduct,
    ),
    notices: v.object({ order_id: OrderId }),
  },
  stock: {
    products: v.object({ sku: Sku, name: text(200), unit_price: UnitPrice, currency: Currency }),
    reservations: v.object({
      order_id: OrderId,
      lines: v.pipe(v.array(v.strictObject(Line.entries)), v.maxLength(100)),
      reason: v.nullable(v.strictObject({ ...Reason.entries, detail: text(500) })),
    }),
    receipts: v.object({
      sku: Sku,
      quantity: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
    }),
  },
  payment: {
    payments: v.object({
      order_id: OrderId,
      amount: v.nullable(Amount),
      currency: v.nullable(Currency),
      payment_token: v.nullable(text(100)),
      decline_code: v.nullable(text(100)),
    }),
  },
};

/** Reads every row of every module's tables. Returns how many there are, and what is wrong with the first that is. */
export async function examine(target: Target): Promise<{ rows: Record<string, number>; faults: string[] }> {
  const rows: Record<string, number> = {};
  const faults: string[] = [];
  for (const queue of queues) {
    for (const [table, schema] of Object.entries(tables[queue])) {
      const stored = await target.look(queue, (sql) => sql`select * from ${sql(table)}`);
      rows[`${queue}.${table}`] = stored.length;
      for (const row of stored) {
        const parsed = v.safeParse(schema, row);
        if (!parsed.success)
          faults.push(
            `${queue}.${table}: ${v.getDotPath(parsed.issues[0])} ${parsed.issues[0].message.slice(0, 200)}`,
          );
      }
    }
    faults.push(...(await broken(target, queue)));
    const [size] = await target.look<{ rows: number; largest: number }>(
      queue,
      (sql) => sql`
        select count(*) as rows, coalesce(max(octet_length(message::text) + octet_length(error)
          + coalesce(octet_length(type), 0) + coalesce(octet_length(subject), 0)), 0) as largest from inbox_failures`,
    );
    rows[`${queue}.inbox_failures`] = Number(size?.rows);
    if (Number(size?.largest) > maxFailureBytes)
      faults.push(`${queue}.inbox_failures: a row of ${size?.largest} bytes`);
  }
  faults.push(...(await unbalanced((statement) => target.look('stock', statement))));
  return { rows, faults };
}

/** What is kept of a message is at most 256 Ki characters; of four bytes each, with an error, a type and a subject. */
const maxFailureBytes = 4 * 256 * 1_024 + 8 * 1_024;

/** Every check of every table, asked once more: that none was dropped or is not valid. */
async function broken(target: Target, queue: Queue): Promise<string[]> {
  const checks = await target.look<{ table: string; name: string; condition: string }>(
    queue,
    (sql) => sql`
      select conrelid::regclass::text as table, conname as name, pg_get_expr(conbin, conrelid) as condition
      from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`,
  );
  const faults: string[] = checks.length > 0 ? [] : [`${queue} has no checks`];
  for (const { table, name, condition } of checks) {
    const found = await target.look(queue, (sql) =>
      sql.unsafe(`select 1 from ${table} where not (${condition}) limit 1`),
    );
    if (found.length > 0) faults.push(`${queue}.${table} breaks ${name}`);
  }
  return faults;
}

/** Whatever was asked of Stock: units are where it says they are. */
async function unbalanced(
  look: (statement: (sql: Sql) => Promise<readonly object[]>) => Promise<readonly object[]>,
): Promise<string[]> {
  const wrong = await look(
    (sql) => sql`
      with lines as (
        select line ->> 'sku' as sku, state, (line ->> 'quantity')::bigint as units
        from reservations, jsonb_array_elements(lines) as line)
      select sku from products where
        reserved <> (select coalesce(sum(units), 0) from lines where lines.sku = products.sku and state = 'held')
        or on_hand <> (select coalesce(sum(quantity), 0) from receipts where receipts.sku = products.sku)
          - (select coalesce(sum(units), 0) from lines where lines.sku = products.sku and state = 'committed')`,
  );
  return wrong.map((row) => `stock.products: units of ${JSON.stringify(row)} do not add up`);
}
