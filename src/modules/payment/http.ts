/** What people ask of Payment. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { OrderId } from '../../contracts/values.ts';
import { createAdmission, cursor, type DoorDatabase, Limit, page, query } from '../../http/index.ts';
import * as docs from './http.docs.ts';
import { listPayments } from './store.ts';

const ListPayments = v.strictObject({ orderId: v.optional(OrderId), limit: Limit, after: cursor(OrderId) });

export function createRoutes({
  database,
  budgetMs,
}: {
  readonly database: DoorDatabase;
  readonly budgetMs?: number | undefined;
}): Hono {
  const routes = new Hono();
  const admitted = createAdmission({ budgetMs });

  // For administrators: a payment knows no customer whose it could be; a customer learns from its order how it went.
  routes.get('/payments', docs.listPayments, query(ListPayments), admitted, async (c) => {
    const { orderId, limit, after } = c.req.valid('query');
    const payments = await database.query(
      (sql) => listPayments(sql, { orderId, after, limit: limit + 1 }),
      c.get('limits'),
    );
    return c.json(page(payments, limit, ({ orderId: last }) => last));
  });

  return routes;
}
