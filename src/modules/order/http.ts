/** What people ask of Order. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { Line, maxIdLength, maxLines, OrderId, text } from '../../contracts/values.ts';
import {
  Account,
  type Admitted,
  allow,
  answer,
  answerOnce,
  body,
  comeAgain,
  conditionalJson,
  cursor,
  customerOf,
  type DoorDatabase,
  type Fault,
  give,
  giveAgain,
  type Idempotent,
  idempotent,
  Limit,
  Moment,
  page,
  param,
  preferredWaitSeconds,
  problem,
  query,
  refusal,
  subjectOf,
  waited,
} from '../../http/index.ts';
import type { Limits, UnitOfWork } from '../../outbox/index.ts';
import { createCancelling } from './cancelling.ts';
import * as docs from './http.docs.ts';
import type { Patience, Refusal } from './order.ts';
import type { Outcomes } from './outcomes.ts';
import { forOthers, isTheirs } from './owner.ts';
import { createPlacing } from './placing.ts';
import { expireDeadline, findHistory, findOrder, listOrders, type OrderView } from './store.ts';
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
  status: v.optional(docs.Status),
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
  readonly outcomes: Outcomes;
  readonly admitted: MiddlewareHandler<Admitted>;
  /** Routes that other routes' patterns would match too: they come first. */
  readonly first: Hono;
  /** Told of what an operator does, with who and why. */
  readonly onAction: (action: string, fields: Readonly<Record<string, unknown>>) => void;
}): Hono {
  const { database, unit, patience, isListed, outcomes, admitted, onAction, first } = context;
  const routes = new Hono().route('/', first);
  const placeOrder = createPlacing(unit, patience);
  const cancelOrder = createCancelling(patience);

  /** Who prefers to wait gets the order as it is at its outcome, or when his time is up; what is kept for a replay is the first answer. */
  async function withOutcome(
    c: Context<Idempotent>,
    id: string | undefined,
    first: Response,
  ): Promise<Response> {
    const seconds = preferredWaitSeconds(c);
    if (id === undefined || seconds === 0) return first;
    const { signal } = c.req.raw;
    if (!(await c.get('aside')(() => outcomes.wait(id, seconds, signal)))) return first;
    const order = await database.query((sql) => findOrder(sql, id), c.get('limits')).catch(() => undefined);
    if (!order) return first;
    waited(c, seconds);
    return c.json(order, 201);
  }

  const placedAnswer = (order: OrderView) => answer(201, order, `/orders/${order.id}`);

  routes.post(
    '/orders',
    docs.placeOrder,
    allow('orders'),
    body(PlaceOrder),
    admitted,
    idempotent,
    async (c) => {
      const placing = c.req.valid('json');
      if (!isTheirs(c, placing.customerId)) return forOthers(c);
      const asked = c.get('asked');
      const once = asked && { asked, answerOf: placedAnswer };
      const placed = await placeOrder(placing, c.get('limits'), once);
      if ('order' in placed) return withOutcome(c, placed.order.id, give(c, placedAnswer(placed.order)));
      if ('before' in placed) {
        const { before } = placed;
        const [, id] = /^\/orders\/(.+)$/.exec((before !== 'reused' && before.answered.location) || '') ?? [];
        return withOutcome(c, id, giveAgain(c, before));
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
      if (!(await isListed(c.get('limits'))))
        return comeAgain(c, 'products_unknown', 'Stock has not sent its list of products.');
      // Nothing was written: the refusal is all there is to be kept.
      return answerOnce(c, unit, () =>
        refusal(problem(c, 'order_not_placeable', { errors: faultsOf(placed.refused, placing.lines) })),
      );
    },
  );

  routes.get('/orders', docs.listOrders, allow('orders'), query(ListOrders), admitted, async (c) => {
    const { limit, after, customerId = customerOf(c), ...filter } = c.req.valid('query');
    if (customerId !== undefined && !isTheirs(c, customerId)) return forOthers(c);
    const orders = await database.transaction(
      (sql) => listOrders(sql, { ...filter, customerId, after, limit: limit + 1 }),
      c.get('limits'),
    );
    return c.json(page(orders, limit, ({ id }) => id));
  });

  routes.get('/orders/:id', docs.findOrder, allow('orders'), param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const order = await database.query((sql) => findOrder(sql, id), c.get('limits'));
    return order && isTheirs(c, order.customerId) ? conditionalJson(c, order) : notFound(c, id);
  });

  routes.get('/orders/:id/timeline', docs.findTimeline, allow('orders'), param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const order = await database.query((sql) => findOrder(sql, id), c.get('limits'));
    if (!order || !isTheirs(c, order.customerId)) return notFound(c, id);
    return c.json(timelineOf(id, await database.query((sql) => findHistory(sql, id), c.get('limits'))));
  });

  routes.post(
    '/orders/:id/cancel',
    docs.cancelOrder,
    allow('orders'),
    param(ById),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      return answerOnce(c, unit, async (open) => {
        const outcome = await cancelOrder(open, id, customerOf(c));
        const order = outcome !== 'unknown' && (await findOrder(open.sql, id));
        if (!order) return refusal(notFound(c, id));
        return outcome === 'cancelled'
          ? answer(202, order)
          : refusal(problem(c, 'order_not_cancellable', { detail: `It is ${outcome}.` }));
      });
    },
  );

  routes.post(
    '/admin/order/orders/:id/deadline',
    docs.expireDeadline,
    param(ById),
    body(v.strictObject(Account)),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      const account = c.req.valid('json');
      return answerOnce(c, unit, async ({ sql, onCommit }) => {
        const expired = await expireDeadline(sql, id);
        const order = await findOrder(sql, id);
        if (!order) return refusal(notFound(c, id));
        if (!expired) return refusal(problem(c, 'nothing_awaited', { detail: `It is ${order.status}.` }));
        onCommit(() => onAction('deadline set to now', { orderId: id, subject: subjectOf(c), ...account }));
        return answer(202, order);
      });
    },
  );

  return routes;
}

/** Also of another customer's order: that there is one is nobody else's business. */
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
