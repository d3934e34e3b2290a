/**
 * All of Payment's SQL, in sets: one statement for a table however many orders are concerned. An update names its keys once
 * more (`= any(...)`): that finds the index also while a new table has no statistics.
 */
import { dueSince, jsonLines, newId, type Sql, type Statement } from '../../outbox/index.ts';
import type { InProgress } from '../module.ts';
import { type Operation, operationOf, type Payment, type State } from './payment.ts';

/** A payment whose call is due, in the hands of this process until its claim ends. */
export interface DueCall {
  readonly payment: Payment;
  readonly operation: Operation;
  /** This one included. */
  readonly calls: number;
  /** When the first of them was due. */
  readonly since: Date;
}

/** A call without a definite answer, and when it is made again. */
export interface Repetition {
  readonly due: DueCall;
  readonly inSeconds: number;
  readonly error: string;
}

/** A payment as people see it: never the token. */
export interface PaymentView {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly status: State;
  readonly declineCode: string | null;
}

/** A payment that has changed, and what was to be called before: the same call goes on, another begins at once. */
export interface ChangedPayment {
  readonly payment: Payment;
  readonly before: Operation | null;
  /** The new call is born claimed: this process makes it right after the commit. Otherwise whoever comes first has it. */
  readonly claimed?: boolean;
}

/** In seconds. */
export interface Waits {
  /** How long an authorization is held before Order is asked about it. */
  readonly inquiryAfterSeconds: number;
  /** How long a call belongs to whoever has claimed it. */
  readonly claimSeconds: number;
}

const columns = (sql: Sql) => sql`
  order_id as "orderId", state, amount, currency, payment_token as "paymentToken", approved, decline_code as "declineCode", cause`;

/** Locks the payments of these orders, in id order. Those that are not there are not in the result. */
async function lockPayments(sql: Sql, orderIds: readonly string[]): Promise<Map<string, Payment>> {
  const rows = await sql<Payment[]>`
    select ${columns(sql)} from payments where order_id = any(${[...new Set(orderIds)].sort()}::uuid[])
    order by order_id for update`;
  return new Map(rows.map((row) => [row.orderId, row]));
}

/** When the card processor is called for a payment that has changed; `claimed`: by this process, right after the commit. */
type NextCall = 'none' | 'same' | 'due' | 'claimed';

function nextCall({ payment, before, claimed }: ChangedPayment): NextCall {
  const operation = operationOf(payment);
  if (operation === null) return 'none';
  if (operation === before) return 'same';
  return claimed ? 'claimed' : 'due';
}

/** Not `now()`, which is when the transaction began: a claim must not be older than who makes it thinks. */
const callAt = (sql: Sql, claimSeconds: number) => sql`
  case call when 'due' then now() when 'claimed' then clock_timestamp() + make_interval(secs => ${claimSeconds}) end`;

/**
 * Writes payments that were not there, in id order. Where authorize and void of one order meet, the second to come fails as a whole;
 * tried again, it finds what the first has written.
 */
function insertPayments(
  sql: Sql,
  made: readonly ChangedPayment[],
  { claimSeconds }: Waits,
): readonly Statement[] {
  if (made.length === 0) return [];
  const rows = made.map((one) => ({ ...one.payment, id: newId(), call: nextCall(one) }));
  return [
    sql`
      insert into payments (order_id, id, state, amount, currency, payment_token, approved, decline_code, cause,
        call_at, calls, call_since)
      select "orderId", id, state, amount, currency, "paymentToken", approved, "declineCode", cause,
        ${callAt(sql, claimSeconds)}, (call = 'claimed')::integer, case when call <> 'none' then now() end
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as made (
        "orderId" uuid, id uuid, state text, amount bigint, currency text, "paymentToken" text, approved boolean,
        "declineCode" text, cause jsonb, call text)
      order by "orderId"`,
  ];
}

/** Writes payments that were locked. What is paid never changes. */
function updatePayments(
  sql: Sql,
  changed: readonly ChangedPayment[],
  { claimSeconds, inquiryAfterSeconds }: Waits,
): readonly Statement[] {
  if (changed.length === 0) return [];
  const ids = changed.map(({ payment }) => payment.orderId);
  const approvals = changed.map(({ payment: { approved } }) => (approved === null ? null : String(approved)));
  return [
    sql`
      update payments set state = changed.state, payment_token = changed.payment_token,
        approved = changed.approved::boolean, decline_code = changed.decline_code, cause = changed.cause::jsonb,
        updated_at = now(),
        call_at = case call when 'same' then call_at else ${callAt(sql, claimSeconds)} end,
        calls = case call when 'same' then calls else (call = 'claimed')::integer end,
        call_since = case call when 'same' then call_since when 'none' then null else now() end,
        call_error = case call when 'same' then call_error end,
        inquire_at = case when changed.state <> 'authorized' then null
          else coalesce(inquire_at, now() + make_interval(secs => ${inquiryAfterSeconds})) end
      from unnest(${ids}::uuid[], ${changed.map(({ payment }) => payment.state)}::text[],
        ${changed.map(({ payment }) => payment.paymentToken)}::text[], ${approvals}::text[],
        ${changed.map(({ payment }) => payment.declineCode)}::text[],
        ${jsonLines(
          sql,
          changed.map(({ payment: { cause } }) => cause && JSON.stringify(cause)),
        )},
        ${changed.map(nextCall)}::text[]
      ) as changed (order_id, state, payment_token, approved, decline_code, cause, call)
      where payments.order_id = changed.order_id and payments.order_id = any(${ids}::uuid[])`,
  ];
}

/**
 * Takes calls that are due, for `claimSeconds`, the oldest first: first ones up to `limits.first`, repeated ones up to
 * `limits.repeated`, so that a sick card processor's repetitions cannot keep new payments waiting, nor a crowd of those a void.
 * Those that became due in the last `lastSeconds`, or ever (see `Sweep`).
 */
async function claimCalls(
  sql: Sql,
  limits: { readonly first: number; readonly repeated: number },
  claimSeconds: number,
  lastSeconds: number | null,
): Promise<readonly DueCall[]> {
  const isDue = sql`call_at >= ${dueSince(sql, lastSeconds)} and call_at <= now()`;
  const rows = await sql<(Payment & { calls: number; since: Date })[]>`
      with first as (
        select ctid, call_at from payments where ${isDue} and calls = 0
        order by call_at limit ${limits.first} for update skip locked
      ), repeated as (
        select ctid, call_at from payments where ${isDue} and calls > 0
        order by call_at limit ${limits.repeated} for update skip locked
      )
      update payments set call_at = now() + make_interval(secs => ${claimSeconds}), calls = calls + 1
      where ctid = any(array(
        select ctid from (select * from first union all select * from repeated) as due
        order by call_at limit ${limits.first}
      ))
      returning ${columns(sql)}, calls, call_since as since`;
  return rows.flatMap(({ calls, since, ...payment }) => {
    const operation = operationOf(payment);
    return operation ? [{ payment, operation, calls, since }] : [];
  });
}

/**
 * Calls whose outcome is not known are due again after their wait, unless somebody else has called or recorded since: calls are
 * counted anew for each operation, and `approved` tells an authorization from what follows it.
 */
function repeatCalls(sql: Sql, repetitions: readonly Repetition[]): readonly Statement[] {
  const rows = repetitions.map(({ due: { payment, calls }, inSeconds, error }) => ({
    orderId: payment.orderId,
    approved: payment.approved,
    calls,
    inSeconds,
    error,
  }));
  return [
    sql`
    update payments set call_at = now() + make_interval(secs => again."inSeconds"), call_error = again.error
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as again (
      "orderId" uuid, approved boolean, calls integer, "inSeconds" float8, error text)
    where payments.order_id = again."orderId" and call_at is not null
      and payments.calls = again.calls and payments.approved is not distinct from again.approved
      and payments.order_id = any(${rows.map(({ orderId }) => orderId)}::uuid[])`,
  ];
}

/** What doors and clocks are given. A memory that keeps the same promises can take its place. */
export const paymentStore = { lockPayments, insertPayments, updatePayments, claimCalls, repeatCalls };

export type PaymentStore = typeof paymentStore;

/** Payments that are not at an end, by state, and how long the oldest has been in it. */
export async function countOpen(sql: Sql): Promise<readonly InProgress[]> {
  return sql<InProgress[]>`
    select state, coalesce(count, 0) as count, coalesce(seconds, 0)::float8 as "oldestSeconds"
    from unnest(array['authorizing', 'authorized', 'capturing', 'voiding']) as state left join (
      select state, count(*), extract(epoch from now() - min(coalesce(call_since, updated_at))) as seconds
      from payments where call_at is not null or inquire_at is not null group by state
    ) as waiting using (state)`;
}

/** Up to `limit` payments, those of the newest orders first; those after the order `after`. */
export async function listPayments(
  sql: Sql,
  filter: {
    readonly orderId?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly PaymentView[]> {
  return sql<PaymentView[]>`
    select id, order_id as "orderId", amount, currency, state as status, decline_code as "declineCode" from payments
    where true
    ${filter.orderId === undefined ? sql`` : sql`and order_id = ${filter.orderId}`}
    ${filter.after === undefined ? sql`` : sql`and order_id < ${filter.after}`}
    order by order_id desc limit ${filter.limit}`;
}
