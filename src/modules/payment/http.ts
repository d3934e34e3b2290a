/** What people ask of Payment. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { OrderId } from '../../contracts/values.ts';
import { createAdmission, cursor, type DoorDatabase, Limit, page, query } from '../../http/index.ts';
import * as docs from './http.docs.ts';
import { listPayments } from './store.ts';

const PaymentId = v.pipe(v.string(), v.uuid());
const ListPayments = v.strictObject({ orderId: v.optional(OrderId), limit: Limit, after: cursor(PaymentId) });

export function createRoutes({ database }: { readonly database: DoorDatabase }): Hono {
  const routes = new Hono();
  const admitted = createAdmission();

  // For administrators: a payment knows no customer whose it could be; a customer learns from its order how it went.
  routes.get('/payments', docs.listPayments, query(ListPayments), admitted, async (c) => {
    const { orderId, limit, after } = c.req.valid('query');
    const payments = await database.query(
      (sql) => listPayments(sql, { orderId, after, limit: limit + 1 }),
      c.get('limits'),
    );
    return c.json(page(payments, limit, ({ id }) => id));
  });

  return routes;
}
