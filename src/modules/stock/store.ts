/**
 * All of Stock's SQL, in sets: one statement for a table however many orders are concerned. An update of reservations names its keys
 * once more (`= any(...)`): that finds the index also while a new table has no statistics.
 */
import type { ListedProduct } from '../../contracts/stock.ts';
import { newId, type Sql, type Statement } from '../../outbox/index.ts';
import type { InProgress } from '../module.ts';
import type { Level, Levels, Reservation } from './reservation.ts';

/** The most units of one product; the table checks it too. */
export const maxOnHand = 1_000_000_000_000;

/** A product as people see it. */
export interface ProductView {
  readonly sku: string;
  readonly name: string;
  readonly unitPrice: number;
  readonly currency: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

/** Locks the reservations of these orders, in id order. Those that are not there are not in the result. */
async function lockReservations(sql: Sql, orderIds: readonly string[]): Promise<Map<string, Reservation>> {
  const rows = await sql<Reservation[]>`
    select order_id as "orderId", state, lines, reason from reservations
    where order_id = any(${[...new Set(orderIds)].sort()}::uuid[]) order by order_id for update`;
  return new Map(rows.map((row) => [row.orderId, row]));
}

/**
 * A product's latest version, at once. A hot product is written with every batch; while an old snapshot is open each of those versions
 * is kept, and `sku = …` would read them all. The latest is nearly always the last in the index: whoever comes from its end
 * and takes one passes few others over. As a range, since for an equal key the planner does not care from which end it reads.
 */
const latest = (sql: Sql, columns: Statement, sku: Statement | string) => sql`
  select ${columns} from products where sku >= ${sku} and sku <= ${sku} order by sku desc limit 1`;

/**
 * Locks the products that messages about these orders may move, by sku: `asked` for orders that hold nothing yet, and what orders hold.
 * What comes again moves nothing: it need not wait for a hot product. Sent with `lockReservations`, it sees what that has waited for.
 */
async function lockLevels(
  sql: Sql,
  asked: readonly { readonly orderId: string; readonly sku: string }[],
  orderIds: readonly string[],
): Promise<Map<string, Level>> {
  const rows = await sql<({ sku: string } & Level)[]>`
    select product.sku, on_hand as "onHand", reserved from (
      select sku from unnest(${asked.map(({ orderId }) => orderId)}::uuid[], ${asked.map(({ sku }) => sku)}::text[])
        as asked (order_id, sku) where not exists (select from reservations where order_id = asked.order_id)
      union select line ->> 'sku' from reservations, jsonb_array_elements(lines) as line
      where order_id = any(${[...new Set(orderIds)]}::uuid[]) and state = 'held'
      order by sku
    ) as wanted, lateral (${latest(sql, sql`sku, on_hand, reserved`, sql`wanted.sku`)} for update) as product`;
  return new Map(rows.map(({ sku, onHand, reserved }) => [sku, { onHand, reserved }]));
}

/**
 * Writes reservations that were not there, in id order. Where reserve and release of one order meet, the second to come fails as a
 * whole; tried again, it finds what the first has written.
 */
function insertReservations(
  sql: Sql,
  reservations: readonly Reservation[],
  inquiryAfterSeconds: number,
): readonly Statement[] {
  if (reservations.length === 0) return [];
  return [
    sql`
      insert into reservations (order_id, state, lines, reason, inquire_at)
      select "orderId", state, lines, reason,
        case state when 'held' then now() + make_interval(secs => ${inquiryAfterSeconds}) end
      from json_to_recordset(${JSON.stringify(reservations)}::text::json)
        as made ("orderId" uuid, state text, lines jsonb, reason jsonb)
      order by "orderId"`,
  ];
}

/** Writes the states of reservations that were held: what they hold and why they were rejected never changes. */
function endReservations(sql: Sql, reservations: readonly Reservation[]): readonly Statement[] {
  if (reservations.length === 0) return [];
  const ids = reservations.map(({ orderId }) => orderId);
  return [
    sql`
      update reservations set state = ended.state, inquire_at = null, updated_at = now()
      from unnest(${ids}::uuid[], ${reservations.map(({ state }) => state)}::text[]) as ended (order_id, state)
      where reservations.order_id = ended.order_id and reservations.order_id = any(${ids}::uuid[])`,
  ];
}

/** By `ctid`: `lockLevels` has locked these rows in this transaction, and nobody moves a locked row. */
function saveLevels(sql: Sql, levels: Levels): readonly Statement[] {
  if (levels.size === 0) return [];
  const skus = [...levels.keys()];
  const changed = [...levels.values()];
  return [
    sql`
    update products set on_hand = changed.on_hand, reserved = changed.reserved
    from unnest(${skus}::text[], ${changed.map(({ onHand }) => onHand)}::bigint[],
      ${changed.map(({ reserved }) => reserved)}::bigint[]) as changed (sku, on_hand, reserved),
      lateral (${latest(sql, sql`ctid`, sql`changed.sku`)}) as locked
    where products.ctid = locked.ctid`,
  ];
}

/** Every product in sku order, with what other modules may know of it. */
async function listedProducts(sql: Sql): Promise<readonly ListedProduct[]> {
  return sql<ListedProduct[]>`
    select sku, name, unit_price as "unitPrice", currency, version from products order by sku`;
}

/** What the door for messages is given. A memory that keeps the same promises can take its place. */
export const stockStore = {
  lockReservations,
  lockLevels,
  insertReservations,
  endReservations,
  saveLevels,
  listedProducts,
};

export type StockStore = typeof stockStore;

/** Creates or changes a product. `changed` is what others are to be told; null if nothing is new. */
export async function putProduct(
  sql: Sql,
  product: {
    readonly sku: string;
    readonly name: string;
    readonly unitPrice: number;
    readonly currency: string;
  },
): Promise<{ readonly created: boolean; readonly changed: ListedProduct | null }> {
  const { sku, name, unitPrice, currency } = product;
  // Microseconds: a database that was restored from a backup still moves on from what others have seen.
  const now = sql`(extract(epoch from clock_timestamp()) * 1000000)::bigint`;
  const [row] = await sql<{ version: number; created: boolean }[]>`
    insert into products (sku, name, unit_price, currency, version)
    values (${sku}, ${name}, ${unitPrice}, ${currency}, ${now})
    on conflict (sku) do update set name = excluded.name, unit_price = excluded.unit_price, currency = excluded.currency,
      version = greatest(products.version + 1, excluded.version), updated_at = now()
    where (products.name, products.unit_price, products.currency)
      is distinct from (excluded.name, excluded.unit_price, excluded.currency)
    returning version, xmax = 0 as created`;
  return row
    ? { created: row.created, changed: { sku, name, unitPrice, currency, version: row.version } }
    : { created: false, changed: null };
}

/** Goods in. `unknown`: there is no such product; `full`: it would be more than can be counted. */
export async function receive(
  sql: Sql,
  sku: string,
  quantity: number,
): Promise<{ readonly id: string; readonly receivedAt: Date } | 'unknown' | 'full'> {
  const [level] = await sql<{ ctid: string; onHand: number }[]>`
    ${latest(sql, sql`ctid, on_hand as "onHand"`, sku)} for update`;
  if (!level) return 'unknown';
  if (level.onHand + quantity > maxOnHand) return 'full';
  await sql`update products set on_hand = on_hand + ${quantity} where ctid = ${level.ctid}`;
  const [receipt] = await sql<{ id: string; receivedAt: Date }[]>`
    insert into receipts (id, sku, quantity) values (${newId()}, ${sku}, ${quantity})
    returning id, received_at as "receivedAt"`;
  if (!receipt) throw new Error('the receipt was not written');
  return receipt;
}

/** Reservations that are held, and the age of the oldest. */
export async function countHeld(sql: Sql): Promise<readonly InProgress[]> {
  return sql<InProgress[]>`
    select 'held' as state, count(*) as count,
      coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "oldestSeconds"
    from reservations where inquire_at is not null`;
}

const viewColumns = (sql: Sql) => sql`
  sku, name, unit_price as "unitPrice", currency, on_hand as "onHand", reserved, on_hand - reserved as available`;

export async function findProduct(sql: Sql, sku: string): Promise<ProductView | undefined> {
  const [product] = await sql<ProductView[]>`${latest(sql, viewColumns(sql), sku)}`;
  return product;
}

/** Up to `limit` products by sku, those after `after`. */
export async function listProducts(
  sql: Sql,
  after: string | undefined,
  limit: number,
): Promise<readonly ProductView[]> {
  return sql<ProductView[]>`
    select ${viewColumns(sql)} from products ${after === undefined ? sql`` : sql`where sku > ${after}`}
    order by sku limit ${limit}`;
}
