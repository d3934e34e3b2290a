/** What people ask of Stock. */
import { type Context, Hono } from 'hono';
import * as v from 'valibot';
import { Currency, maxNameLength, Sku, text, UnitPrice } from '../../contracts/values.ts';
import {
  allow,
  answer,
  answerOnce,
  body,
  conditionalJson,
  createAdmission,
  cursor,
  type DoorDatabase,
  type DoorUnit,
  idempotent,
  Limit,
  page,
  param,
  problem,
  query,
  refusal,
} from '../../http/index.ts';
import * as docs from './http.docs.ts';
import { findProduct, listProducts, maxOnHand, putProduct, receive } from './store.ts';

/** More in one receipt is a typing error. */
const maxReceived = 1_000_000;

const PutProduct = v.strictObject({
  name: v.pipe(v.string(), v.trim(), text(maxNameLength)),
  unitPrice: UnitPrice,
  currency: Currency,
});
const Received = v.strictObject({
  quantity: v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1), v.maxValue(maxReceived)),
});
const BySku = v.object({ sku: Sku });
const ListProducts = v.strictObject({ limit: Limit, after: cursor(Sku) });

export function createRoutes({
  database,
  unit,
  budgetMs,
}: {
  readonly database: DoorDatabase;
  readonly unit: DoorUnit;
  readonly budgetMs?: number | undefined;
}): Hono {
  const routes = new Hono();
  const admitted = createAdmission({ budgetMs });

  routes.get('/products', docs.listProducts, allow('orders'), query(ListProducts), admitted, async (c) => {
    const { limit, after } = c.req.valid('query');
    const products = await database.query((sql) => listProducts(sql, after, limit + 1), c.get('limits'));
    return c.json(page(products, limit, ({ sku }) => sku));
  });

  routes.get('/products/:sku', docs.findProduct, allow('orders'), param(BySku), admitted, async (c) => {
    const { sku } = c.req.valid('param');
    const product = await database.query((sql) => findProduct(sql, sku), c.get('limits'));
    return product ? conditionalJson(c, product) : notFound(c, sku);
  });

  routes.put('/products/:sku', docs.putProduct, param(BySku), body(PutProduct), admitted, async (c) => {
    const { sku } = c.req.valid('param');
    // Read in the same transaction: an answer that fails after a change would look as if nothing had been changed.
    const { created, product } = await unit.run(async ({ sql, send }) => {
      const { created, changed } = await putProduct(sql, { sku, ...c.req.valid('json') });
      if (changed) send({ type: 'product.changed', subject: sku, data: changed });
      return { created, product: await findProduct(sql, sku) };
    }, c.get('limits'));
    if (created) c.header('location', `/products/${sku}`);
    return product ? c.json(product, created ? 201 : 200) : notFound(c, sku);
  });

  routes.post(
    '/products/:sku/receipts',
    docs.receiveGoods,
    param(BySku),
    body(Received),
    admitted,
    idempotent,
    (c) => {
      const { sku } = c.req.valid('param');
      const { quantity } = c.req.valid('json');
      return answerOnce(c, unit, async ({ sql }) => {
        const receipt = await receive(sql, sku, quantity);
        if (receipt === 'unknown') return refusal(notFound(c, sku));
        if (receipt === 'full')
          return refusal(
            problem(c, 'no_room', { detail: `At most ${maxOnHand} units of a product are counted.` }),
          );
        return answer(201, { id: receipt.id, sku, quantity, receivedAt: receipt.receivedAt });
      });
    },
  );

  return routes;
}

const notFound = (c: Context, sku: string) =>
  problem(c, 'product_not_found', { detail: `No product has the sku ${sku}.` });
