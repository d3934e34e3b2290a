/** Placing orders: those that come together are priced, stored and sent on in one transaction. */
import {
  gather,
  isEnvironmental,
  type Limits,
  newId,
  OutcomeUnknown,
  type UnitOfWork,
} from '../../outbox/index.ts';
import { createJourneys } from './journeys.ts';
import { type Patience, type Placing, place, type Refusal } from './order.ts';
import { type OrderStore, type OrderView, orderStore, viewOf } from './store.ts';

export type Placed =
  | { readonly order: OrderView }
  | { readonly refused: Refusal }
  /** The database has not said whether this order was placed: who asks for it later finds out. */
  | { readonly inDoubt: string };

interface Wish {
  readonly orderId: string;
  readonly placing: Placing;
}

/** Returns what places one order; the more come at once, the less each costs. */
export function createPlacing(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore = orderStore,
): (placing: Placing, limits?: Limits) => Promise<Placed> {
  const placeAll = (wishes: readonly Wish[], limits: Limits) =>
    placeInOneGo(unit, patience, store, wishes, limits);
  const placeTogether = gather(placeAll);

  async function placeOne(wish: Wish, limits: Limits): Promise<Placed> {
    try {
      return await placeTogether(wish, limits);
    } catch (error) {
      if (isEnvironmental(error)) throw error;
      // One of those that came together may be to blame: the others must not suffer for it.
      const [placed] = await placeAll([wish], limits);
      if (!placed) throw error;
      return placed;
    }
  }

  return async (placing, limits = {}) => {
    const wish = { orderId: newId(), placing };
    try {
      return await placeOne(wish, limits);
    } catch (error) {
      if (error instanceof OutcomeUnknown) return { inDoubt: wish.orderId };
      throw error;
    }
  };
}

function placeInOneGo(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore,
  wishes: readonly Wish[],
  limits: Limits,
): Promise<readonly Placed[]> {
  return unit.run(async ({ sql, send }) => {
    const skus = wishes.flatMap(({ placing }) => placing.lines.map(({ sku }) => sku));
    const products = await store.findProducts(sql, [...new Set(skus)]);
    const at = new Date();
    const journeys = createJourneys(new Map(), patience, store, at);
    const placed = wishes.map(({ orderId, placing }) => {
      const decision = place(orderId, placing, products);
      if ('refused' in decision) return decision;
      journeys.take(decision, { name: 'place', send });
      return { order: viewOf(decision.order, at) };
    });
    await journeys.save(sql);
    return placed;
  }, limits);
}
