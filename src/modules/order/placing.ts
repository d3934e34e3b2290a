/** Placing orders: those that come together are priced, stored and sent on in one transaction. */
import { v7 as uuidv7 } from 'uuid';
import { gather, isEnvironmental, type UnitOfWork } from '../../outbox/index.ts';
import { createJourneys } from './journeys.ts';
import { type Patience, type Placing, place, type Refusal } from './order.ts';
import { type OrderStore, type OrderView, orderStore, viewOf } from './store.ts';

export type Placed = { readonly order: OrderView } | { readonly refused: Refusal };

/** Returns what places one order; the more come at once, the less each costs. */
export function createPlacing(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore = orderStore,
): (placing: Placing) => Promise<Placed> {
  const placeTogether = gather((placings: readonly Placing[]) => placeAll(unit, patience, store, placings));
  return async (placing) => {
    try {
      return await placeTogether(placing);
    } catch (error) {
      if (isEnvironmental(error)) throw error;
      // One of those that came together may be to blame: the others must not suffer for it.
      const [placed] = await placeAll(unit, patience, store, [placing]);
      if (!placed) throw error;
      return placed;
    }
  };
}

function placeAll(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore,
  placings: readonly Placing[],
): Promise<readonly Placed[]> {
  return unit.run(async ({ sql, send }) => {
    const skus = placings.flatMap(({ lines }) => lines.map(({ sku }) => sku));
    const products = await store.findProducts(sql, [...new Set(skus)]);
    const at = new Date();
    const journeys = createJourneys(new Map(), patience, store, at);
    const placed = placings.map((placing) => {
      const decision = place(uuidv7(), placing, products);
      if ('refused' in decision) return decision;
      journeys.take(decision, { name: 'place', send });
      return { order: viewOf(decision.order, at) };
    });
    await journeys.save(sql);
    return placed;
  });
}
