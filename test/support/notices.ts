/** Order with outcomes to tell of, and what tests of the telling do and look at. */
import { beforeEach, expect } from 'vitest';
import { createAddresses } from '../../src/modules/order/notices/addresses.ts';
import {
  createDeliveries,
  type Deliveries,
  type DeliveriesOptions,
} from '../../src/modules/order/notices/deliveries.ts';
import { createNoticeRoutes } from '../../src/modules/order/notices/http.ts';
import { createNotices } from '../../src/modules/order/notices/notices.ts';
import { createPost } from '../../src/modules/order/notices/post.ts';
import { createWebhook } from '../../src/modules/order/notices/webhook.ts';
import { newId } from '../../src/outbox/index.ts';
import { budgetMs, openOrder } from './order.ts';
import { until } from './until.ts';

const account = { by: 'anna', reason: 'a test' };

export interface Attempt {
  readonly number: number;
  readonly at: string;
  readonly outcome: string | null;
  readonly error: string | null;
}

export interface Delivery {
  readonly id: string;
  readonly orderId: string;
  readonly channel: string;
  readonly endpointId: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly error: string | null;
  readonly history: readonly Attempt[];
}

/** Call it at the top of a test file. `mails`: as if there were a mail server. */
export async function openTelling({ mails = false } = {}) {
  const order = await openOrder();
  const { database, unit } = order;
  const addresses = createAddresses(['127.0.0.0/8']);
  const actions: { action: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const routes = createNoticeRoutes({
    database,
    unit,
    addresses,
    mails,
    wake: () => {},
    onAction: (action, fields) => actions.push({ action, fields }),
    budgetMs,
  });

  beforeEach(async () => {
    actions.length = 0;
    await database.query(
      (sql) => sql`truncate deliveries, delivery_attempts, webhook_endpoints, idempotency_keys`,
    );
  });

  const ask = (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
    routes.request(`/admin/order${path}`, {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...account, ...body }),
      }),
    });

  async function json<T>(response: Response | Promise<Response>, status = 200): Promise<T> {
    const answer = await response;
    const body = (await answer.json()) as T;
    expect(body).toBeDefined();
    expect(answer.status, JSON.stringify(body)).toBe(status);
    return body;
  }

  const register = (url: string) =>
    json<{ id: string; secret: string }>(ask('POST', '/webhooks', { url }), 201);

  /** Orders that have ended, each with its notice, as if they had been cancelled. Returns their ids, oldest first. */
  async function ended(count = 1, email: string | null = null): Promise<string[]> {
    const ids = Array.from({ length: count }, newId);
    await database.query(
      (sql) => sql`
        with placed as (
          insert into orders (id, customer_id, email, step, status, reason, lines, total, currency, step_attempts, created_at)
          select id, 'cus_1', ${email}, 'done', 'cancelled', '{"code":"cancelled_by_customer","detail":"-"}',
            '[{"sku":"MUG-01","name":"Mug","quantity":1,"unitPrice":1250}]', 1250, 'EUR', 1, now() - interval '1 second'
          from unnest(${ids}::uuid[]) as id returning id
        )
        insert into notices (order_id, status) select id, 'cancelled' from placed`,
    );
    return ids;
  }

  const handOn = () => createNotices({ database, mails, onHandedOn: () => {} }).runOnce();

  const open: Deliveries[] = [];
  beforeEach(async () => {
    await Promise.all(open.splice(0).map((deliveries) => deliveries.close()));
  });

  /** One process that delivers. */
  function deliverer(options: Partial<DeliveriesOptions> = {}): Deliveries {
    const webhook = createWebhook(createPost(addresses));
    const deliveries = createDeliveries({ database, webhook, wake: () => {}, graceMs: 0, ...options });
    open.push(deliveries);
    return deliveries;
  }

  const deliveries = async (): Promise<readonly Delivery[]> =>
    (await json<{ data: Delivery[] }>(ask('GET', '/deliveries?limit=100'))).data;

  const delivery = (id: string) => json<Delivery>(ask('GET', `/deliveries/${id}`));

  /** Runs until nothing is in hand: what was due has been tried. */
  async function deliver(by: Deliveries = deliverer()): Promise<void> {
    await by.runOnce();
    await until('nothing is in hand', async () =>
      database.query(
        async (sql) =>
          (
            await sql`select 1 from deliveries join delivery_attempts on delivery_id = id and number = attempts
            where due_at > now() and outcome is null`
          ).length === 0,
      ),
    );
  }

  /** As if the waiting were over. */
  const later = () =>
    database.query((sql) => sql`update deliveries set due_at = now() where due_at is not null`);

  return {
    ...order,
    actions,
    ask,
    json,
    register,
    ended,
    handOn,
    deliverer,
    deliveries,
    delivery,
    deliver,
    later,
  };
}
