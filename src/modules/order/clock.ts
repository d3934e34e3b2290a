/** What time starts: a step whose answer is overdue sends its command again, or gives up. */
import { createSweeps, type UnitOfWork, type Worker } from '../../outbox/index.ts';
import { createJourneys } from './journeys.ts';
import { expire, type Patience } from './order.ts';
import { type OrderStore, orderStore, type StoredOrder } from './store.ts';

/** In one run, and so in one second: after an outage the participants get their commands again as a stream, not a flood. */
const maxOverdue = 500;

/** Looks for overdue steps. A step whose last command has not even left is neither sent again nor counted. */
export function createDeadlines(
  unit: UnitOfWork,
  patience: Patience,
  store: OrderStore = orderStore,
): Worker {
  const begin = createSweeps();
  return {
    name: 'saga deadlines',
    everyMs: 1_000,
    runOnce: () =>
      unit.run(async ({ sql, send, write, onCommit }) => {
        const sweep = begin();
        const overdue = await store.lockOverdue(sql, maxOverdue, sweep.lastSeconds);
        if (overdue.length < maxOverdue) onCommit(sweep.done);
        if (overdue.length === 0) return { more: false };
        const commands = overdue.flatMap(({ commandId }) => commandId ?? []);
        const unsent = await store.unsent(sql, commands);
        const isUnsent = ({ commandId }: StoredOrder) => commandId !== null && unsent.has(commandId);
        const journeys = createJourneys(
          new Map(overdue.map((stored) => [stored.order.id, stored])),
          patience,
          store,
        );
        for (const stored of overdue)
          if (!isUnsent(stored)) {
            const { order } = stored;
            const decision = expire(order, patience);
            const name = decision.order.step === order.step ? 'deadline' : 'gave_up';
            journeys.take(decision, { name, send });
          }
        const waitSeconds = patience.stepTimeoutSeconds;
        const postponed = overdue.filter(isUnsent).map(({ order: { id } }) => ({ id, waitSeconds }));
        write(...journeys.save(sql), ...store.postpone(sql, postponed));
        return { more: false };
      }),
  };
}
