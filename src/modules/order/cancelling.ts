/** Cancelling an order: what the customer may do as long as it is pending. */
import type { Unit } from '../../outbox/index.ts';
import { createJourneys } from './journeys.ts';
import { decide, type Patience } from './order.ts';
import type { Status } from './saga.ts';
import { type OrderStore, orderStore } from './store.ts';

/**
 * Returns what cancels one order, in an open transaction, and says what its status is then; `unknown`: there is no such order, or, where `customerId` is
 * given, it is another customer's.
 */
export function createCancelling(
  patience: Patience,
  store: OrderStore = orderStore,
): (open: Pick<Unit, 'sql' | 'send'>, id: string, customerId?: string) => Promise<Status | 'unknown'> {
  return async ({ sql, send }, id, customerId) => {
    const stored = await store.lockOrders(sql, [id]);
    const order = stored.get(id)?.order;
    if (!order || (customerId !== undefined && order.customerId !== customerId)) return 'unknown';
    if (order.status === 'cancelled') return 'cancelled';
    const reason = { code: 'cancelled_by_customer', detail: 'the customer cancelled the order' } as const;
    const decision = decide(order, 'cancel', reason);
    if (typeof decision === 'string') return order.status;
    const journeys = createJourneys(stored, patience, store);
    journeys.take(decision, { name: 'cancel', send });
    // Sent now: whoever asks will read what became of it.
    await Promise.all(journeys.save(sql).map((statement) => statement.execute()));
    return decision.order.status;
  };
}
