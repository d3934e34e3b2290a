/** A card processor whose calls are told: how often, how they ended, how long they took. */
import type { ModuleObserver } from '../../module.ts';
import type { Operation } from '../payment.ts';
import type { Gateway } from './gateway.ts';

export function observed(gateway: Gateway, observer: ModuleObserver): Gateway {
  async function tell<T>(
    operation: Operation,
    call: Promise<T>,
    outcomeOf: (answer: T) => string,
  ): Promise<T> {
    const startMs = performance.now();
    let outcome = 'unknown';
    try {
      const answer = await call;
      outcome = outcomeOf(answer);
      return answer;
    } finally {
      observer.called?.({ operation, outcome, seconds: (performance.now() - startMs) / 1_000 });
    }
  }
  return {
    authorize: (call, signal) =>
      tell('authorize', gateway.authorize(call, signal), ({ approved }) =>
        approved ? 'approved' : 'declined',
      ),
    capture: (call, signal) => tell('capture', gateway.capture(call, signal), () => 'done'),
    void: (call, signal) => tell('void', gateway.void(call, signal), () => 'done'),
  };
}
