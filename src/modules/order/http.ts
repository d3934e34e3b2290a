/** What people ask of Order. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { Line, maxIdLength, maxLines, OrderId, text } from '../../contracts/values.ts';
import {
  Account,
  type Admitted,
  body,
  comeAgain,
  conditionalJson,
  cursor,
  type DoorDatabase,
  type Fault,
  Limit,
  Moment,
  page,
  param,
  problem,
  query,
} from '../../http/index.ts';
import type { Limits, UnitOfWork } from '../../outbox/index.ts';
import { createCancelling } from './cancelling.ts';
import type { Patience, Refusal } from './order.ts';
import { createPlacing } from './placing.ts';
import { expireDeadline, findHistory, findOrder, listOrders } from './store.ts';
import { timelineOf } from './timeline.ts';

const Id = text(maxIdLength);

const Lines = v.pipe(
  v.array(v.strictObject(Line.entries)),
  v.minLength(1, 'must have at least one line'),
  v.maxLength(maxLines, `must have at most ${maxLines} lines`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const seen = new Set<string>();
    for (const [index, line] of dataset.value.entries()) {
      if (seen.has(line.sku))
        addIssue({
          message: 'is in an earlier line already',
          path: [
            { type: 'array', origin: 'value', input: dataset.value, key: index, value: line },
            { type: 'object', origin: 'value', input: line, key: 'sku', value: line.sku },
          ],
        });
      seen.add(line.sku);
    }
  }),
);

const PlaceOrder = v.strictObject({
  customerId: Id,
  lines: Lines,
  paymentToken: Id,
  email: v.optional(v.pipe(v.string(), v.maxLength(254), v.email('must be an e-mail address'))),
});

const ListOrders = v.strictObject({
  customerId: v.optional(Id),
  status: v.optional(v.picklist(['pending', 'confirmed', 'rejected', 'cancelled'])),
  /** At this moment or later. */
  placedAfter: v.optional(Moment),
  /** Before this moment: spans that meet share no order. */
  placedBefore: v.optional(Moment),
  limit: Limit,
  after: cursor(OrderId),
});

const ById = v.object({ id: OrderId });

export function createRoutes(context: {
  readonly database: DoorDatabase;
  readonly unit: UnitOfWork;
  readonly patience: Patience;
  readonly isListed: (limits: Limits) => Promise<boolean>;
  readonly admitted: MiddlewareHandler<Admitted>;
  /** Routes that other routes' patterns would match too: they come first. */
  readonly first: Hono;
  /** Told of what an operator does, with who and why. */
  readonly onAction: (action: string, fields: Readonly<Record<string, unknown>>) => void;
}): Hono {
  const { database, unit, patience, isListed, onAction, admitted, first } = context;
  const routes = new Hono().route('/', first);
  const placeOrder = createPlacing(unit, patience);
  const cancelOrder = createCancelling(unit, patience);

  async function answerOrder(c: Context<Admitted>, id: string, status: 200 | 202) {
    const order = await database.query((sql) => findOrder(sql, id), c.get('limits'));
    if (!order) return notFound(c, id);
    return status === 200 ? conditionalJson(c, order) : c.json(order, status);
  }

  routes.post('/orders', body(PlaceOrder), admitted, async (c) => {
    const placing = c.req.valid('json');
    const placed = await placeOrder(placing, c.get('limits'));
    if ('order' in placed) {
      c.header('Location', `/orders/${placed.order.id}`);
      return c.json(placed.order, 201);
    }
    if ('inDoubt' in placed) {
      const url = `/orders/${placed.inDoubt}`;
      c.header('location', url);
      return comeAgain(
        c,
        'outcome_unknown',
        `Ask GET ${url} in a few seconds: if it is not found, the order was not placed.`,
      );
    }
    if (await isListed(c.get('limits')))
      return problem(c, 'order_not_placeable', {
        errors: faultsOf(placed.refused, placing.lines),
      });
    return comeAgain(c, 'products_unknown', 'Stock has not sent its list of products.');
  });

  routes.get('/orders', query(ListOrders), admitted, async (c) => {
    const { limit, after, ...filter } = c.req.valid('query');
    const orders = await database.query(
      (sql) => listOrders(sql, { ...filter, after, limit: limit + 1 }),
      c.get('limits'),
    );
    return c.json(page(orders, limit, ({ id }) => id));
  });

  routes.get('/orders/:id', param(ById), admitted, (c) => answerOrder(c, c.req.valid('param').id, 200));

  routes.get('/orders/:id/timeline', param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const history = await database.query((sql) => findHistory(sql, id), c.get('limits'));
    return history.length > 0 ? c.json(timelineOf(id, history)) : notFound(c, id);
  });

  routes.post('/orders/:id/cancel', param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const outcome = await cancelOrder(id, c.get('limits'));
    if (outcome === 'unknown') return notFound(c, id);
    if (outcome === 'cancelled') return answerOrder(c, id, 202);
    return problem(c, 'order_not_cancellable', { detail: `It is ${outcome}.` });
  });

  routes.post(
    '/admin/order/orders/:id/deadline',
    param(ById),
    body(v.strictObject(Account)),
    admitted,
    async (c) => {
      const { id } = c.req.valid('param');
      const expired = await database.query((sql) => expireDeadline(sql, id), c.get('limits'));
      if (expired) onAction('deadline set to now', { orderId: id, ...c.req.valid('json') });
      else {
        const order = await database.query((sql) => findOrder(sql, id), c.get('limits'));
        if (!order) return notFound(c, id);
        return problem(c, 'nothing_awaited', { detail: `It is ${order.status}.` });
      }
      return answerOrder(c, id, 202);
    },
  );

  return routes;
}

const notFound = (c: Context, id: string) =>
  problem(c, 'order_not_found', { detail: `No order has the id ${id}.` });

function faultsOf(refused: Refusal, lines: readonly Line[]): Fault[] {
  return refused.map(({ line, fault }) => ({
    pointer: `/lines/${line}/sku`,
    detail:
      fault === 'unknown_product'
        ? `there is no product ${lines[line]?.sku}`
        : `${lines[line]?.sku} is sold in another currency than the lines before it`,
  }));
}
