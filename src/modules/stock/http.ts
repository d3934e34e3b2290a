/** What people ask of Stock. */
import { type Context, Hono } from 'hono';
import * as v from 'valibot';
import { Currency, maxNameLength, Sku, text, UnitPrice } from '../../contracts/values.ts';
import { body, cursor, Limit, page, param, problem, query } from '../../http/index.ts';
import type { Database, UnitOfWork } from '../../outbox/index.ts';
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
}: {
  readonly database: Database;
  readonly unit: UnitOfWork;
}): Hono {
  const routes = new Hono();

  async function answerProduct(c: Context, sku: string, status: 200 | 201) {
    const product = await database.query((sql) => findProduct(sql, sku));
    return product ? c.json(product, status) : notFound(c, sku);
  }

  routes.get('/products', query(ListProducts), async (c) => {
    const { limit, after } = c.req.valid('query');
    const products = await database.query((sql) => listProducts(sql, after, limit + 1));
    return c.json(page(products, limit, ({ sku }) => sku));
  });

  routes.get('/products/:sku', param(BySku), (c) => answerProduct(c, c.req.valid('param').sku, 200));

  routes.put('/products/:sku', param(BySku), body(PutProduct), async (c) => {
    const { sku } = c.req.valid('param');
    const created = await unit.run(async ({ sql, send }) => {
      const { created, changed } = await putProduct(sql, { sku, ...c.req.valid('json') });
      if (changed) send({ type: 'product.changed', subject: sku, data: changed });
      return created;
    });
    if (created) c.header('location', `/products/${sku}`);
    return answerProduct(c, sku, created ? 201 : 200);
  });

  routes.post('/products/:sku/receipts', param(BySku), body(Received), async (c) => {
    const { sku } = c.req.valid('param');
    const { quantity } = c.req.valid('json');
    const receipt = await unit.run(({ sql }) => receive(sql, sku, quantity));
    if (receipt === 'unknown') return notFound(c, sku);
    if (receipt === 'full')
      return problem(c, 409, 'There is no room for so many', {
        detail: `At most ${maxOnHand} units of a product are counted.`,
      });
    return c.json({ id: receipt.id, sku, quantity, receivedAt: receipt.receivedAt }, 201);
  });

  return routes;
}

const notFound = (c: Context, sku: string) =>
  problem(c, 404, 'There is no such product', { detail: `No product has the sku ${sku}.` });
