/** What has happened to orders since it was last told: one statement, however many orders and customers are asked for. */
import type { Sql, Statement } from '../../../outbox/index.ts';
import type { Status, Step } from '../saga.ts';
import { firstIdOf, type OrderView, viewColumns } from '../store.ts';

/** A step that was heeded. */
export interface Taken {
  readonly seq: number;
  readonly step: Step;
  readonly status: Status;
  readonly at: string;
}

/** News of an order: where it stands, and the steps that lead there. */
export interface News {
  readonly order: OrderView;
  /** The last entry of its history, heeded or not, that is not older than what was known; null: none. */
  readonly lastSeq: number | null;
  readonly steps: readonly Taken[];
}

export interface Reading {
  readonly news: readonly News[];
  /** On the database's clock, before anything was read. */
  readonly readAt: Date;
}

/** What is known of an order. */
export interface Known {
  readonly seq: number;
  /** Its last step is known. */
  readonly ended: boolean;
}

/** Orders that were placed more than so many are not told when a customer's stream begins: a list has them. */
const newestOrders = 100;

/**
 * News of orders beyond what is known of them, and of customers' orders whose ids were made since a moment. At most `limit` orders;
 * the same question after those are known gives the rest.
 */
export async function readNews(
  sql: Sql,
  asked: {
    readonly orders: ReadonlyMap<string, Known>;
    readonly customerIds: readonly string[];
    readonly idsMadeSince: Date;
    readonly limit: number;
  },
): Promise<Reading> {
  const known = [...asked.orders];
  const ids = known.map(([id]) => id);
  const endedIds = ids.filter((id) => asked.orders.get(id)?.ended);
  return read(
    sql,
    sql`
      select id, seq, id = any(${endedIds}::uuid[]) as ended
      from unnest(${ids}::uuid[], ${known.map(([, { seq }]) => seq)}::int[]) as known (id, seq)
      union all
      select placed.id, 0, false from unnest(${[...asked.customerIds]}::text[]) as customer (id)
      cross join lateral (
        select orders.id from orders where customer_id = customer.id and orders.id >= ${firstIdOf(asked.idsMadeSince)}
      ) as placed
      where placed.id <> all(${ids}::uuid[])`,
    asked.limit,
  );
}

/** A customer's newest orders that are open or have changed since a moment (default: now), less an overlap, with all their steps. */
export async function readCustomer(
  sql: Sql,
  customerId: string,
  since: Date | undefined,
  overlapSeconds: number,
): Promise<Reading> {
  return read(
    sql,
    sql`
      select id, 0 as seq, false as ended from (
        select id, deadline_at, updated_at from orders where customer_id = ${customerId} order by id desc limit ${newestOrders}
      ) as newest
      where deadline_at is not null
        or updated_at >= coalesce(${since ?? null}::timestamptz, now()) - make_interval(secs => ${overlapSeconds})`,
    newestOrders,
  );
}

async function read(sql: Sql, known: Statement, limit: number): Promise<Reading> {
  const rows = await sql<
    (OrderView & { lastSeq: number | null; steps: readonly Taken[] | null; readAt: Date })[]
  >`
    select moment."readAt", found.* from (select now() as "readAt") as moment left join (
      select ${viewColumns(sql)}, past."lastSeq", past.steps
      from (${known}) as known (known_id, known_seq, known_ended) join orders on orders.id = known_id
      cross join lateral (
        select max(seq) as "lastSeq", jsonb_agg(jsonb_build_object('seq', seq, 'step', entry.step, 'status', entry.status, 'at', at)
          order by seq) filter (where heeded) as steps
        from order_history as entry where order_id = known_id and seq > known_seq
      ) as past
      where past."lastSeq" is not null or (orders.step = 'done' and not known_ended)
      order by orders.id limit ${limit}
    ) as found on true`;
  return {
    readAt: rows[0]?.readAt ?? new Date(0),
    news: rows
      // Nothing was found: there is still the moment.
      .filter(({ id }) => id !== null)
      .map(({ readAt: _, lastSeq, steps, ...order }) => ({ order, lastSeq, steps: steps ?? [] })),
  };
}
