/** The SQL of notices and their deliveries, as the loops need it. In sets, like that of orders. */
import { dueSince, type Sql } from '../../../outbox/index.ts';
import type { InProgress } from '../../module.ts';
import type { Told } from './content.ts';
import { signingSecrets } from './endpoints.ts';
import type { Course } from './outcome.ts';

/** The target of a mail: not an endpoint, but whoever placed the order. */
export const mailbox = '00000000-0000-0000-0000-000000000000';

/** Of a delivery; a person who replays it again and again gets no more. */
const maxAttemptsKept = 50;

/** An outcome that nobody has been told yet. */
export interface DueNotice {
  readonly orderId: string;
  readonly status: Told['status'];
  /** From placing to the outcome, in seconds. */
  readonly seconds: number;
  readonly hasEmail: boolean;
}

/** Locks up to `limit` notices that became due in the last `lastSeconds`, or ever (see `Sweep`); others may be at work on the rest. */
export async function lockNotices(
  sql: Sql,
  limit: number,
  lastSeconds: number | null,
): Promise<readonly DueNotice[]> {
  return sql<DueNotice[]>`
    select order_id as "orderId", notices.status, email is not null as "hasEmail",
      extract(epoch from notices.created_at - orders.created_at)::float8 as seconds
    from notices join orders on orders.id = order_id
    where next_attempt_at >= ${dueSince(sql, lastSeconds)} and next_attempt_at <= now()
    order by next_attempt_at limit ${limit} for update of notices skip locked`;
}

export async function markTold(sql: Sql, orderIds: readonly string[]): Promise<void> {
  await sql`
    update notices set told_at = now(), next_attempt_at = null, attempts = attempts + 1
    where order_id = any(${[...orderIds]}::uuid[])`;
}

export interface NewDelivery {
  readonly id: string;
  readonly orderId: string;
  readonly target: string;
}

/** Makes deliveries; of one order to one target there is one. */
export async function insertDeliveries(sql: Sql, deliveries: readonly NewDelivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await sql`
    insert into deliveries (id, order_id, target)
    select * from unnest(${deliveries.map(({ id }) => id)}::uuid[], ${deliveries.map(({ orderId }) => orderId)}::uuid[],
      ${deliveries.map(({ target }) => target)}::uuid[])
    on conflict do nothing`;
}

/** A delivery that has been claimed for its next attempt. */
export interface DueDelivery extends Told {
  readonly id: string;
  readonly target: string;
  /** This one included. */
  readonly attempts: number;
  /** Those before it was last replayed. */
  readonly spent: number;
  readonly email: string | null;
  /** Null: a mail. */
  readonly url: string | null;
  /** The newest first. */
  readonly secrets: readonly string[];
}

/**
 * Claims what is due, of each enabled endpoint at most `perTarget` and what it has in hand already less, counts the attempt and
 * leases the row for `leaseSeconds`. `busy`: how many are in hand, by target. `mails`: mails too.
 */
export async function claimDeliveries(
  sql: Sql,
  limits: {
    readonly perTarget: number;
    readonly busy: ReadonlyMap<string, number>;
    readonly mails: boolean;
    readonly leaseSeconds: number;
  },
): Promise<readonly DueDelivery[]> {
  const { perTarget, busy, mails, leaseSeconds } = limits;
  return sql<DueDelivery[]>`
    with targets as (
      select id as target, url, ${signingSecrets(sql)} as secrets
      from webhook_endpoints where disabled_at is null
      union all select ${mailbox}, null, '{}' where ${mails}
    ), free as (
      select target, ${perTarget} - coalesce(count, 0) as places from targets
      left join unnest(${[...busy.keys()]}::uuid[], ${[...busy.values()]}::integer[]) as busy (target, count) using (target)
    ), due as (
      select due.id from free, lateral (
        select id from deliveries where target = free.target and due_at <= now()
        order by due_at limit greatest(places, 0) for update skip locked
      ) as due
    ), claimed as (
      update deliveries set attempts = attempts + 1, due_at = now() + make_interval(secs => ${leaseSeconds})
      where id = any(array(select id from due))
      returning id, order_id, target, attempts, spent
    ), begun as (
      insert into delivery_attempts (delivery_id, number) select id, attempts from claimed
    ), forgotten as (
      delete from delivery_attempts using claimed
      where delivery_id = claimed.id and number <= claimed.attempts - ${maxAttemptsKept}
    )
    select claimed.id, claimed.target, claimed.attempts, spent, targets.url, targets.secrets, order_id as "orderId",
      customer_id as "customerId", notices.status, reason, lines, total, currency, email, orders.created_at as "placedAt",
      notices.created_at as "decidedAt"
    from claimed join targets using (target) join notices using (order_id) join orders on orders.id = order_id`;
}

/** What came of an attempt. */
export interface Attempted {
  readonly id: string;
  /** Which attempt it was: if the lease has ended and another has begun, it does not decide any more. */
  readonly number: number;
  readonly course: Course;
  readonly error: string | null;
  readonly seconds: number;
}

/** Writes down what came of attempts. */
export async function recordAttempts(sql: Sql, attempts: readonly Attempted[]): Promise<void> {
  const rows = JSON.stringify(attempts.map(({ course, ...attempt }) => ({ ...attempt, ...course })));
  const ids = attempts.map(({ id }) => id).sort();
  await sql`
    update deliveries set state = made.state, error = made.error, due_at = now() + make_interval(secs => made."waitSeconds"),
      ended_at = case when made.state <> 'pending' then now() end
    from json_to_recordset(${rows}::text::json) as made (
      id uuid, number integer, state text, "waitSeconds" float8, error text)
    where deliveries.id = made.id and attempts = made.number and deliveries.state = 'pending'
      and deliveries.id = any(${ids}::uuid[])`;
  await sql`
    update delivery_attempts set outcome = case when made.error is null then 'delivered' else 'failed' end,
      error = made.error, seconds = made.seconds
    from json_to_recordset(${rows}::text::json) as made (id uuid, number integer, error text, seconds float8)
    where delivery_id = made.id and delivery_attempts.number = made.number and delivery_id = any(${ids}::uuid[])`;
}

/** Outcomes not handed on and deliveries not at their end, and the age of the oldest. */
export async function countDeliveries(sql: Sql): Promise<readonly InProgress[]> {
  return sql<InProgress[]>`
    select 'notice' as state, count(*), ${age(sql, 'created_at')} as "oldestSeconds"
    from notices where next_attempt_at is not null
    union all select 'webhook', count(*), ${age(sql, 'begun_at')}
    from deliveries where due_at is not null and target <> ${mailbox}
    union all select 'email', count(*), ${age(sql, 'begun_at')}
    from deliveries where due_at is not null and target = ${mailbox}`;
}

const age = (sql: Sql, since: string) =>
  sql`coalesce(extract(epoch from now() - min(${sql(since)})), 0)::float8`;
