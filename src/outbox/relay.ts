/** The sweep: sends what a crash, an outage or a full dispatcher has left behind. */
import type { Dispatcher } from './dispatcher.ts';
import type { Worker } from './loop.ts';
import { claim } from './outbox.ts';
import { type MessageStore, maxClaimed } from './store.ts';
import { createSweeps } from './sweep.ts';
import type { Database } from './transaction.ts';

/** Claims rows whose lease ran out and dispatches them; while the broker is away it claims nothing. */
export function createRelay(options: {
  readonly database: Database;
  readonly dispatcher: Dispatcher;
  readonly store?: MessageStore;
}): Worker {
  const { database, dispatcher, store } = options;
  const begin = createSweeps();
  return {
    name: 'outbox relay',
    everyMs: 1_000,
    async runOnce() {
      const limit = Math.min(maxClaimed, dispatcher.room());
      if (limit === 0) return { more: false };
      const sweep = begin();
      const rows = await claim(database, limit, sweep.lastSeconds, store);
      if (rows.length < limit) sweep.done();
      await dispatcher.dispatch(rows);
      return { more: rows.length === limit };
    },
  };
}
