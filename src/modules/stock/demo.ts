/** Something to sell, for whoever tries the shop. */
import type { UnitOfWork } from '../../outbox/index.ts';
import { putProduct, receive } from './store.ts';

const products = [
  { sku: 'MUG-01', name: 'Mug', unitPrice: 1250, units: 1_000 },
  { sku: 'TEE-01', name: 'T-shirt', unitPrice: 1900, units: 1_000 },
  { sku: 'CAP-01', name: 'Cap', unitPrice: 1500, units: 1_000 },
  { sku: 'BAG-01', name: 'Bag', unitPrice: 3400, units: 1_000 },
  { sku: 'PEN-01', name: 'Pen', unitPrice: 300, units: 1_000 },
  { sku: 'RARE-01', name: 'Rare print', unitPrice: 9900, units: 1 },
];

/** "demo" in ASCII: of replicas that start together one makes the products. */
const lockKey = 0x64656d6f;

/** Makes the demo products if there are no products at all. */
export function seedDemo(unit: UnitOfWork): Promise<void> {
  return unit.run(async ({ sql, send }) => {
    await sql`select pg_advisory_xact_lock(${lockKey})`;
    if ((await sql`select 1 from products limit 1`).length > 0) return;
    for (const { units, ...product } of products) {
      const { changed } = await putProduct(sql, { ...product, currency: 'EUR' });
      await receive(sql, product.sku, units);
      // Null: somebody has made the same product at this very moment, and told it.
      if (changed) send({ type: 'product.changed', subject: product.sku, data: changed });
    }
  });
}
