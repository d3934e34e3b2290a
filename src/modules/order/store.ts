/**
 * All of Order's SQL about orders, in sets: one statement for a table however many orders are concerned. An update names its
 * keys once more (`= any(...)`): that finds the index also while a new table has no statistics.
 */
import type { ListedProduct } from '../../contracts/stock.ts';
import type { Reason } from '../../contracts/values.ts';
import { dueSince, jsonLines, type Message, type Sql, type Statement, unsent } from '../../outbox/index.ts';
import type { InProgress } from '../module.ts';
import type { Order, PricedLine } from './order.ts';
import { type Status, type Step, steps } from './saga.ts';

/** An order on its locked row. */
export interface StoredOrder {
  readonly order: Order;
  /** The latest command; its answer is awaited. */
  readonly commandId: string | null;
}

/** What happened to an order, and what it led to. */
export interface HistoryEntry {
  readonly orderId: string;
  readonly event: string;
  readonly heeded: boolean;
  readonly step: Step;
  readonly status: Status;
  readonly cause: Message | null;
  readonly sent: readonly Message[];
}

/** An order that has taken a step. */
export interface ChangedOrder extends StoredOrder {
  /** Until the deadline; null when nothing is awaited. */
  readonly waitSeconds: number | null;
}

interface OrderRow {
  readonly id: string;
  readonly customer_id: string;
  readonly email: string | null;
  readonly step: Step;
  readonly status: Status;
  readonly reason: Reason | null;
  readonly lines: PricedLine[];
  readonly total: number;
  readonly currency: string;
  readonly payment_token: string | null;
  readonly step_attempts: number;
  readonly command_id: string | null;
}

/** Locks orders in id order. Those that are not there are not in the result. */
async function lockOrders(sql: Sql, ids: readonly string[]): Promise<Map<string, StoredOrder>> {
  const rows = await sql<OrderRow[]>`
    select ${orderColumns(sql)} from orders where id = any(${[...new Set(ids)].sort()}::uuid[]) order by id for update`;
  return new Map(rows.map((row) => [row.id, storedOrder(row)]));
}

/**
 * Locks up to `limit` orders whose deadline has passed, in the last `lastSeconds` or ever (see `Sweep`), the longest overdue first;
 * others may be at work on the rest.
 */
async function lockOverdue(
  sql: Sql,
  limit: number,
  lastSeconds: number | null,
): Promise<readonly StoredOrder[]> {
  const rows = await sql<OrderRow[]>`
    select ${orderColumns(sql)} from orders
    where deadline_at >= ${dueSince(sql, lastSeconds)} and deadline_at <= now()
    order by deadline_at limit ${limit} for update skip locked`;
  return rows.map(storedOrder);
}

/** Begins the waiting anew for orders whose command has not left yet; their attempts are not counted. */
function postpone(sql: Sql, waits: readonly { id: string; waitSeconds: number }[]): readonly Statement[] {
  return [
    sql`
    update orders set deadline_at = now() + make_interval(secs => late.wait_seconds)
    from unnest(${waits.map(({ id }) => id)}::uuid[], ${waits.map((wait) => wait.waitSeconds)}::float8[])
      as late (id, wait_seconds)
    where orders.id = late.id and orders.id = any(${waits.map(({ id }) => id)}::uuid[])`,
  ];
}

function insertOrders(sql: Sql, orders: readonly ChangedOrder[], now: Date): readonly Statement[] {
  if (orders.length === 0) return [];
  return [
    sql`
    insert into orders (id, customer_id, email, step, status, lines, total, currency, payment_token, step_attempts,
      command_id, deadline_at, created_at, updated_at)
    select id, "customerId", email, step, status, lines, total, currency, "paymentToken", "stepAttempts",
      "commandId", now() + make_interval(secs => "waitSeconds"), ${now}, ${now}
    from json_to_recordset(${flat(orders)}::text::json) as placed (
      id uuid, "customerId" text, email text, step text, status text, lines jsonb, total bigint, currency text,
      "paymentToken" text, "stepAttempts" integer, "commandId" uuid, "waitSeconds" float8)`,
  ];
}

/** Writes what a step may change; what was ordered never does. */
function updateOrders(sql: Sql, orders: readonly ChangedOrder[]): readonly Statement[] {
  if (orders.length === 0) return [];
  const ids = orders.map(({ order }) => order.id);
  return [
    sql`
      update orders set step = changed.step, status = changed.status, reason = changed.reason::jsonb,
        payment_token = changed.payment_token, step_attempts = changed.step_attempts, command_id = changed.command_id,
        deadline_at = now() + make_interval(secs => changed.wait_seconds), updated_at = now()
      from unnest(${ids}::uuid[], ${orders.map(({ order }) => order.step)}::text[],
        ${orders.map(({ order }) => order.status)}::text[],
        ${jsonLines(
          sql,
          orders.map(({ order: { reason } }) => reason && JSON.stringify(reason)),
        )},
        ${orders.map(({ order }) => order.paymentToken)}::text[], ${orders.map(({ order }) => order.stepAttempts)}::integer[],
        ${orders.map(({ commandId }) => commandId)}::uuid[], ${orders.map(({ waitSeconds }) => waitSeconds)}::float8[]
      ) as changed (id, step, status, reason, payment_token, step_attempts, command_id, wait_seconds)
      where orders.id = changed.id and orders.id = any(${ids}::uuid[])`,
  ];
}

/** A saga ends in ten entries; an undoing step may ask for weeks, and its last entries say no more than its first. */
const maxHistoryLength = 200;

/** Numbers and writes what happened, on locked orders. */
function appendHistory(sql: Sql, entries: readonly HistoryEntry[]): readonly Statement[] {
  if (entries.length === 0) return [];
  const counts = new Map<string, number>();
  const nth = entries.map(({ orderId }) => {
    const count = (counts.get(orderId) ?? 0) + 1;
    counts.set(orderId, count);
    return count;
  });
  const each = <T extends string | null>(column: (entry: HistoryEntry) => T) => entries.map(column);
  return [
    sql`
      insert into order_history (order_id, seq, event, heeded, step, status, cause, sent)
      select order_id, seq, event, heeded::boolean, step, status, cause::jsonb, sent::jsonb from (
        select entry.*, nth + case event when 'place' then 0
          else coalesce((select max(seq) from order_history as known where known.order_id = entry.order_id), 0) end as seq
        from unnest(${each(({ orderId }) => orderId)}::uuid[], ${nth}::integer[], ${each(({ event }) => event)}::text[],
          ${each(({ heeded }) => String(heeded))}::text[], ${each(({ step }) => step)}::text[],
          ${each(({ status }) => status)}::text[], ${jsonLines(
            sql,
            each(({ cause }) => cause && JSON.stringify(timesOf(cause))),
          )},
          ${jsonLines(
            sql,
            each(({ sent }) => JSON.stringify(sent.map(({ id, type }) => ({ id, type })))),
          )}
        ) as entry (order_id, nth, event, heeded, step, status, cause, sent)
      ) as numbered where seq <= ${maxHistoryLength}`,
  ];
}

/** One notice with every outcome: the customer is to be told. */
function insertNotices(sql: Sql, orders: readonly Order[]): readonly Statement[] {
  if (orders.length === 0) return [];
  return [
    sql`
    insert into notices (order_id, status)
    select * from unnest(${orders.map(({ id }) => id)}::uuid[], ${orders.map(({ status }) => status)}::text[])`,
  ];
}

/** Takes over products that are newer than what is known of them. */
function adoptProducts(sql: Sql, products: readonly ListedProduct[]): readonly Statement[] {
  if (products.length === 0) return [];
  return [
    sql`
    insert into products (sku, name, unit_price, currency, version)
    select distinct on (sku) sku, name, "unitPrice", currency, version
    from json_to_recordset(${JSON.stringify(products)}::text::json)
      as told (sku text, name text, "unitPrice" bigint, currency text, version bigint)
    order by sku, version desc
    on conflict (sku) do update set name = excluded.name, unit_price = excluded.unit_price,
      currency = excluded.currency, version = excluded.version
    where products.version < excluded.version`,
  ];
}

/** The last page of Stock's list has come: orders can be priced. */
function markListed(sql: Sql): readonly Statement[] {
  return [sql`update catalogue set listed_at = now()`];
}

/** Sagas that have not ended, by step, and the age of their orders. */
export async function countSagas(sql: Sql): Promise<readonly InProgress[]> {
  return sql<InProgress[]>`
    select state, coalesce(count, 0) as count, coalesce(seconds, 0)::float8 as "oldestSeconds"
    from unnest(${Object.keys(steps)}::text[]) as state left join (
      select step as state, count(*), extract(epoch from now() - min(created_at)) as seconds
      from orders where deadline_at is not null group by step
    ) as waiting using (state)`;
}

/** Makes an order's step overdue. False: there is no such order, or nothing is awaited for it. */
export async function expireDeadline(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`
    update orders set deadline_at = now() where id = ${id} and deadline_at is not null`;
  return count > 0;
}

/** The copies of those of the products that are known. */
async function findProducts(sql: Sql, skus: readonly string[]): Promise<Map<string, ListedProduct>> {
  const rows = await sql<ListedProduct[]>`
    select sku, name, unit_price as "unitPrice", currency, version from products where sku = any(${[...skus]}::text[])`;
  return new Map(rows.map((product) => [product.sku, product]));
}

/**
 * Locks the catalogue if it is time to ask Stock for its list, and gives the question that was asked last. It is time if the last
 * list was asked for `askAfterSeconds` ago, or `retrySeconds` ago and has not come.
 */
async function lockDueListing(
  sql: Sql,
  wait: { readonly askAfterSeconds: number; readonly retrySeconds: number },
): Promise<{ readonly questionId: string | null } | undefined> {
  const [due] = await sql<{ questionId: string | null }[]>`
    select question_id as "questionId" from catalogue
    where asked_at is null
      or asked_at < now() - make_interval(secs => ${wait.askAfterSeconds})
      or (asked_at < now() - make_interval(secs => ${wait.retrySeconds}) and (listed_at is null or listed_at < asked_at))
    for update`;
  return due;
}

async function noteListingAsked(sql: Sql, questionId: string): Promise<void> {
  await sql`update catalogue set asked_at = now(), question_id = ${questionId}`;
}

/** What doors and clocks are given. A memory that keeps the same promises can take its place. */
export const orderStore = {
  lockOrders,
  lockOverdue,
  postpone,
  insertOrders,
  updateOrders,
  appendHistory,
  insertNotices,
  findProducts,
  adoptProducts,
  markListed,
  lockDueListing,
  noteListingAsked,
  unsent,
};

export type OrderStore = typeof orderStore;

/** An order as people see it. */
export interface OrderView extends Omit<Order, 'paymentToken' | 'stepAttempts' | 'email'> {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A new order as people see it, without asking the database again. */
export function viewOf({ paymentToken, stepAttempts, email, ...order }: Order, createdAt: Date): OrderView {
  return { ...order, createdAt, updatedAt: createdAt };
}

export const viewColumns = (sql: Sql) => sql`
  id, customer_id as "customerId", status, step, reason, lines, total, currency,
  created_at as "createdAt", updated_at as "updatedAt"`;

export async function findOrder(sql: Sql, id: string): Promise<OrderView | undefined> {
  const [order] = await sql<OrderView[]>`select ${viewColumns(sql)} from orders where id = ${id}`;
  return order;
}

/** Those of the orders that have their outcome. */
export async function findEnded(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from orders where id = any(${[...ids]}::uuid[]) and status <> 'pending'`;
  return rows.map(({ id }) => id);
}

export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly status?: Status | undefined;
  /** Placed then or later. */
  readonly placedAfter?: Date | undefined;
  readonly placedBefore?: Date | undefined;
  /** The order that ended the last page. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * How far an order's id (a UUIDv7, made when the request came) may be from `created_at`, which decides: a request's time is over after
 * two seconds; the rest is for a clock that is set back.
 */
const idSlackMs = 5_000;
/** Less than every UUIDv7 of that millisecond, and more than those of the one before. */
export function firstIdOf(moment: Date): string {
  const hex = Math.max(0, moment.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Up to `limit` orders, newest first, in a transaction. Ids lead to them: every filter is a span of an index. */
export async function listOrders(sql: Sql, filter: OrderFilter): Promise<readonly OrderView[]> {
  const [, orders] = await Promise.all([countRowsOnly(sql).execute(), selectOrders(sql, filter)]);
  return orders as readonly unknown[] as readonly OrderView[];
}

/**
 * For this transaction the cheapest plan is the one that reads the fewest rows, wherever they lie. Otherwise an index in whose order the
 * table happens to be is taken for cheap, even if it has a rare status of everybody, and is read to its end for one customer.
 */
export const countRowsOnly = (sql: Sql): Statement =>
  sql`select set_config('seq_page_cost', '0', true), set_config('random_page_cost', '0', true)`;

/** The statement of a list, not sent. */
export function selectOrders(sql: Sql, filter: OrderFilter): Statement {
  const { customerId, status, placedAfter, placedBefore, after, limit } = filter;
  return sql`
    select ${viewColumns(sql)} from orders where true
    ${customerId === undefined ? sql`` : sql`and customer_id = ${customerId}`}
    ${status === undefined ? sql`` : sql`and status = ${status}`}
    ${placedAfter === undefined ? sql`` : sql`and created_at >= ${placedAfter} and id >= ${firstIdOf(new Date(placedAfter.getTime() - idSlackMs))}`}
    ${placedBefore === undefined ? sql`` : sql`and created_at < ${placedBefore} and id < ${firstIdOf(new Date(placedBefore.getTime() + idSlackMs))}`}
    ${after === undefined ? sql`` : sql`and id < ${after}`}
    order by id desc limit ${limit}`;
}

/** What is kept of a message that caused a step: what it was, and when. The rest is the order's own, or nobody's business. */
export type KeptCause = Omit<
  Message,
  'data' | 'specversion' | 'subject' | 'correlationid' | 'traceparent' | 'tracestate'
>;

/** A step as it was written. */
export interface StoredStep {
  readonly seq: number;
  readonly at: Date;
  readonly event: string;
  readonly heeded: boolean;
  readonly step: Step;
  readonly status: Status;
  readonly cause: KeptCause | null;
  readonly sent: readonly Pick<Message, 'id' | 'type'>[];
}

/** An order's steps, at most 200; none: there is no such order. */
export async function findHistory(sql: Sql, id: string): Promise<readonly StoredStep[]> {
  return sql<StoredStep[]>`
    select seq, at, event, heeded, step, status, cause, sent from order_history where order_id = ${id} order by seq`;
}

const orderColumns = (sql: Sql) => sql`
  id, customer_id, email, step, status, reason, lines, total, currency, payment_token, step_attempts, command_id`;

function storedOrder(row: OrderRow): StoredOrder {
  return {
    order: {
      id: row.id,
      customerId: row.customer_id,
      email: row.email,
      step: row.step,
      status: row.status,
      reason: row.reason,
      lines: row.lines,
      total: row.total,
      currency: row.currency,
      paymentToken: row.payment_token,
      stepAttempts: row.step_attempts,
    },
    commandId: row.command_id,
  };
}

const flat = (orders: readonly ChangedOrder[]) =>
  JSON.stringify(orders.map(({ order, ...rest }) => ({ ...order, ...rest })));

/** What the timeline shows of a message: when it, and the command that it answers, was sent, received and handled. */
export function timesOf(message: Message): KeptCause {
  const { data: _, specversion, subject, correlationid, traceparent, tracestate, ...times } = message;
  return times;
}
