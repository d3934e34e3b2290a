/** What time starts: a step whose answer is overdue sends its command again, or gives up. */
import type { UnitOfWork, Worker } from '../../outbox/index.ts';
import { createJourneys } from './journeys.ts';
import { expire, type Patience } from './order.ts';
import { lockOverdue, postpone, withUnsentCommand } from './store.ts';

/** In one run, and so in one second: after an outage the participants get their commands again as a stream, not a flood. */
const maxOverdue = 500;

/** Looks for overdue steps. A step whose last command has not even left is neither sent again nor counted. */
export function createDeadlines(unit: UnitOfWork, patience: Patience): Worker {
  return {
    name: 'saga deadlines',
    everyMs: 1_000,
    runOnce: () =>
      unit.run(async ({ sql, send }) => {
        const overdue = await lockOverdue(sql, maxOverdue);
        if (overdue.length === 0) return { more: false };
        const unsent = await withUnsentCommand(sql, overdue);
        const journeys = createJourneys(
          new Map(overdue.map((stored) => [stored.order.id, stored])),
          patience,
        );
        for (const { order } of overdue)
          if (!unsent.has(order.id)) {
            const decision = expire(order, patience);
            const name = decision.order.step === order.step ? 'deadline' : 'gave_up';
            journeys.take(decision, { name, send });
          }
        await journeys.save(sql);
        await postpone(
          sql,
          [...unsent].map((id) => ({ id, waitSeconds: patience.stepTimeoutSeconds })),
        );
        return { more: false };
      }),
  };
}
