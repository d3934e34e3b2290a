/** All of it, wired: what a service needs in order to speak and to listen. */
import type { Broker } from './broker.ts';
import { createConsumer } from './consumer.ts';
import { createDispatcher } from './dispatcher.ts';
import { createFailures, type Failures } from './failures.ts';
import { createInbox, type Handle, type Handles } from './inbox.ts';
import { createLoop } from './loop.ts';
import type { Observer } from './observe.ts';
import { createUnitOfWork, type UnitOfWork } from './outbox.ts';
import { createRelay } from './relay.ts';
import { createRetention } from './retention.ts';
import type { RetryPolicy } from './retry.ts';
import type { Database } from './transaction.ts';

export interface Messaging {
  /** How state is changed and messages are sent: from the start, before `listen` too. */
  readonly unit: UnitOfWork;
  readonly failures: Failures;
  /**
   * Begins to handle what comes, to sweep and to retry. The tables must be there (`outboxMigrations`). Throws what the database has thrown, and
   * has begun nothing then: it may be called again.
   */
  listen(handles: Handles, handle: Handle): Promise<void>;
  /** Takes nothing more, finishes what is in hand, sends what is waiting. The broker and the database stay open. */
  stop(): Promise<void>;
}

export function createMessaging(options: {
  readonly database: Database;
  readonly broker: Broker;
  /** Who speaks, as `/order`. */
  readonly source: string;
  /** The types it says: what is not among them is not sent. Any unless told. */
  readonly says?: readonly string[];
  /** Types that nobody need listen to; of all others the broker must put every message into a queue. */
  readonly news?: readonly string[];
  /** When a message that failed is tried again, and when it is dead. */
  readonly retry: RetryPolicy;
  readonly observer?: Observer;
}): Messaging {
  const { database, broker, source, says, news = [], retry, observer = {} } = options;
  const dispatcher = createDispatcher({ database, broker, news, observer });
  const unit = createUnitOfWork({ database, source, says, dispatcher });
  const failures = createFailures({ database, unit, policy: retry, observer });
  const relay = createLoop(createRelay({ database, dispatcher }), observer);
  const retention = createRetention(database);
  const started: { stop(): Promise<void> }[] = [];

  return {
    unit,
    failures,

    async listen(handles, handle) {
      await retention.runOnce();
      const consumer = createConsumer({
        broker,
        database,
        observer,
        inbox: createInbox({ database, unit, handles, handle, failures, observer }),
      });
      const loops = [
        relay,
        createLoop(failures.retries({ handles, handle }), observer),
        createLoop(retention, observer),
      ];
      started.push(consumer, ...loops);
      for (const part of [consumer, ...loops]) part.start();
      broker.onReady(relay.wake);
    },

    async stop() {
      await Promise.all(started.map((part) => part.stop()));
      await dispatcher.stop();
    },
  };
}
