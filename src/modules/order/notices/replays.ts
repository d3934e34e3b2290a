/** The SQL of what people ask about deliveries: which there are, how they went, and once more. */
import type { Sql } from '../../../outbox/index.ts';
import { firstIdOf } from '../store.ts';
import type { Told } from './content.ts';
import { mailbox } from './store.ts';

/** A delivery as people see it. */
export interface DeliveryView {
  readonly id: string;
  readonly orderId: string;
  readonly channel: 'webhook' | 'email';
  /** Null: a mail. */
  readonly endpointId: string | null;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly endedAt: Date | null;
  readonly error: string | null;
}

export interface AttemptView {
  readonly number: number;
  readonly at: Date;
  /** Null: it is in hand, or was lost in a crash. */
  readonly outcome: 'delivered' | 'failed' | null;
  readonly error: string | null;
  readonly seconds: number | null;
}

const columns = (sql: Sql) => sql`
  id, order_id as "orderId", case when target = ${mailbox} then 'email' else 'webhook' end as channel,
  nullif(target, ${mailbox}) as "endpointId", state, attempts, due_at as "nextAttemptAt", ended_at as "endedAt", error`;

/** Up to `limit` deliveries, newest first, those after the delivery `after`. */
export async function listDeliveries(
  sql: Sql,
  filter: {
    readonly orderId?: string | undefined;
    readonly endpointId?: string | undefined;
    readonly state?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly DeliveryView[]> {
  const { orderId, endpointId, state, after, limit } = filter;
  return sql<DeliveryView[]>`
    select ${columns(sql)} from deliveries where true
    ${orderId === undefined ? sql`` : sql`and order_id = ${orderId}`}
    ${endpointId === undefined ? sql`` : sql`and target = ${endpointId}`}
    ${state === undefined ? sql`` : sql`and state = ${state}`}
    ${after === undefined ? sql`` : sql`and id < ${after}`}
    order by id desc limit ${limit}`;
}

/** A delivery with its last attempts, the newest first. */
export async function findDelivery(
  sql: Sql,
  id: string,
): Promise<(DeliveryView & { readonly history: readonly AttemptView[] }) | undefined> {
  const [delivery] = await sql<DeliveryView[]>`select ${columns(sql)} from deliveries where id = ${id}`;
  if (!delivery) return undefined;
  const history = await sql<AttemptView[]>`
    select number, at, outcome, error, seconds from delivery_attempts where delivery_id = ${id} order by number desc`;
  return { ...delivery, history };
}

/** What keeps a delivery from being replayed. */
export type Obstacle = 'in hand' | 'disabled' | 'no mail';

/** Makes a delivery due now, its waits from the first, whatever its state. Undefined: there is none. */
export async function replay(
  sql: Sql,
  id: string,
  mails: boolean,
): Promise<'replayed' | Obstacle | undefined> {
  const [known] = await sql<{ mail: boolean; inHand: boolean }[]>`
    select target = ${mailbox} as mail, due_at > now() and exists (
      select from delivery_attempts where delivery_id = id and number = attempts and outcome is null) as "inHand"
    from deliveries where id = ${id} for update`;
  if (!known) return undefined;
  if (known.mail && !mails) return 'no mail';
  if (known.inHand) return 'in hand';
  const { count } = await sql`
    update deliveries set ${again(sql)} where id = ${id} and (target = ${mailbox} or
      exists (select from webhook_endpoints where webhook_endpoints.id = target and disabled_at is null))`;
  return count > 0 ? 'replayed' : 'disabled';
}

const again = (sql: Sql) =>
  sql`state = 'pending', spent = deliveries.attempts, due_at = now(), begun_at = now(), ended_at = null, error = null`;

/** The orders placed from `since` to before `until` whose outcome an endpoint has not taken and is not about to be told. */
export async function unheard(
  sql: Sql,
  missed: {
    readonly endpointId: string;
    readonly since: Date;
    readonly until: Date;
    readonly limit: number;
  },
): Promise<readonly string[]> {
  const { endpointId, since, until, limit } = missed;
  const rows = await sql<{ orderId: string }[]>`
    select order_id as "orderId" from notices
    where order_id >= ${firstIdOf(since)} and order_id < ${firstIdOf(until)} and told_at is not null and not exists (
      select from deliveries where target = ${endpointId} and deliveries.order_id = notices.order_id
        and state <> 'failed')
    order by order_id limit ${limit}`;
  return rows.map(({ orderId }) => orderId);
}

/** Makes deliveries to an endpoint, or begins them anew where they have failed. */
export async function deliverAgain(
  sql: Sql,
  endpointId: string,
  deliveries: readonly { readonly id: string; readonly orderId: string }[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await sql`
    insert into deliveries (id, order_id, target)
    select id, order_id, ${endpointId} from unnest(${deliveries.map(({ id }) => id)}::uuid[],
      ${deliveries.map(({ orderId }) => orderId)}::uuid[]) as missed (id, order_id)
    on conflict (order_id, target) do update set ${again(sql)} where deliveries.state = 'failed'`;
}

/** A notice with what it says. */
export interface NoticeRow extends Told {
  readonly toldAt: Date | null;
  readonly email: string | null;
}

/** Up to `limit` notices, those of the newest orders first, those after the order `after`. */
export async function listNotices(
  sql: Sql,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly NoticeRow[]> {
  return sql<NoticeRow[]>`
    select order_id as "orderId", customer_id as "customerId", notices.status, reason, lines, total, currency, email,
      orders.created_at as "placedAt", notices.created_at as "decidedAt", told_at as "toldAt"
    from notices join orders on orders.id = order_id
    ${after === undefined ? sql`` : sql`where order_id < ${after}`}
    order by order_id desc limit ${limit}`;
}
