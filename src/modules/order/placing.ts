/** Placing orders: those that come together are priced, stored and sent on in one transaction. */
import { type Answer, type Asked, type Taken, takeKeys } from '../../http/index.ts';
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
  /** It came with a key that was used before. */
  | { readonly before: Exclude<Taken, 'new'> }
  /** The database has not said whether this order was placed: who asks for it later finds out. */
  | { readonly inDoubt: string };

/** A request that is to have one order, however often it comes, and how that is answered. */
export interface Once {
  readonly asked: Asked;
  readonly answerOf: (order: OrderView) => Answer;
}

interface Wish {
  readonly orderId: string;
  readonly placing: Placing;
  readonly once: Once | undefined;
}

/** Returns what places one order; the more come at once, the less each costs. */
export function createPlacing(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore = orderStore,
): (placing: Placing, limits?: Limits, once?: Once) => Promise<Placed> {
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

  return async (placing, limits = {}, once = undefined) => {
    const wish = { orderId: newId(), placing, once };
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
  return unit.run(async ({ sql, send, write }) => {
    const skus = wishes.flatMap(({ placing }) => placing.lines.map(({ sku }) => sku));
    const products = await store.findProducts(sql, [...new Set(skus)]);
    const at = new Date();
    const journeys = createJourneys(new Map(), patience, store, at);
    const decisions = wishes.map(({ orderId, placing, once }) => {
      const decision = place(orderId, placing, products);
      if ('refused' in decision) return decision;
      const order = viewOf(decision.order, at);
      return { decision, order, key: once && { ...once.asked, answer: once.answerOf(order) } };
    });
    // The first to use a key has the order; who comes with it again, also in this very batch, has the answer of the first.
    const keys = decisions.flatMap((decided) => ('key' in decided && decided.key ? [decided.key] : []));
    const taken = new Map((await takeKeys(sql, keys)).map((known, i) => [keys[i], known]));
    const placed = decisions.map((decided): Placed => {
      if ('refused' in decided) return decided;
      const known = (decided.key && taken.get(decided.key)) ?? 'new';
      if (known !== 'new') return { before: known };
      journeys.take(decided.decision, { name: 'place', send });
      return { order: decided.order };
    });
    write(...journeys.save(sql));
    return placed;
  }, limits);
}
