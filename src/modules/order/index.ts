/** Order, wired: it takes orders and carries each one to its end. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAdmission, createForgetting, idempotencyMigrations } from '../../http/index.ts';
import { createLoop, isEnvironmental, type Message, type Unit, type UnitOfWork } from '../../outbox/index.ts';
import type { Module } from '../module.ts';
import { createListing, isListed } from './catalogue.ts';
import { createDeadlines } from './clock.ts';
import { orderFacts } from './facts.ts';
import { createRoutes } from './http.ts';
import { createLiveRoutes } from './live/http.ts';
import { createLive } from './live/live.ts';
import { createHandler, handles, says } from './messages.ts';
import tables from './migrations/001_order.sql';
import news from './migrations/002_notices.sql';
import lists from './migrations/004_lists.sql';
import statuses from './migrations/005_customer_statuses.sql';
import { createTelling, type TellingSettings } from './notices/index.ts';
import { countDeliveries } from './notices/store.ts';
import { createOutcomes } from './outcomes.ts';
import { countSagas } from './store.ts';

/**
 * Where Stock is up, its list is here in a fraction of this, also on a busy machine; where it is not, Order takes no orders
 * anyway and serves what it can after that. In milliseconds.
 */
const warmUpMs = 5_000;

export interface OrderSettings extends TellingSettings {
  /** How long an answer is awaited before the command is sent again, in seconds; the wait doubles up to ten times that. */
  readonly stepTimeoutSeconds: number;
  /** How often a forward step's command is sent before the saga turns back. */
  readonly stepMaxAttempts: number;
}

export function createOrder(settings: OrderSettings): Module {
  return {
    name: 'order',
    migrations: [
      { name: 'order/001_order', sql: tables },
      { name: 'order/002_notices', sql: news },
      { name: 'order/004_lists', sql: lists },
      { name: 'order/005_customer_statuses', sql: statuses },
      ...idempotencyMigrations,
    ],
    handles,
    says,
    news: ['order.rejected', 'order.cancelled'],
    facts: orderFacts,
    open({ database, unit: silentUnit, log, observer, budgetMs }) {
      const listed = isListed(database);
      const live = createLive(database, observer);
      const admitted = createAdmission({ budgetMs });
      const listening = createLiveRoutes({ database, live, admitted });
      const unit = wakingUnit(silentUnit, live.wake);
      const handle = createHandler(settings);
      const outcomes = createOutcomes(database);
      const telling = createTelling(settings, { database, unit, log, observer, budgetMs });
      const clocks = [
        createListing(unit, settings.stepTimeoutSeconds),
        createDeadlines(unit, settings),
        createForgetting(database),
      ];
      return {
        routes: createRoutes({
          database,
          unit,
          patience: settings,
          isListed: listed,
          outcomes,
          onAction: log,
          admitted,
          first: listening.routes,
        }).route('/', telling.routes),
        handle: Object.assign(
          (open: Unit, messages: readonly Message[], looked?: unknown) => {
            open.onCommit(live.wake);
            return handle(open, messages, looked);
          },
          { look: handle.look },
        ),
        hangUp() {
          listening.hangUp();
          outcomes.end();
        },
        inProgress: async () => [
          ...(await database.query(countSagas)),
          ...(await database.query(countDeliveries)),
        ],
        clocks: [...clocks.map((clock) => createLoop(clock, observer)), ...telling.clocks],
        async close() {
          await Promise.all([live.close(), telling.close()]);
        },
        async warmUp() {
          const latestMs = performance.now() + warmUpMs;
          // A database that is away is no reason not to serve: its doors say so.
          const known = () =>
            listed().catch((error: unknown) => {
              if (isEnvironmental(error)) return false;
              throw error;
            });
          while (!(await known()) && performance.now() < latestMs) await pause(20);
        },
      };
    },
  };
}

/** The same with somebody who is told when it has changed something. */
function wakingUnit(unit: UnitOfWork, wake: () => void): UnitOfWork {
  return {
    run: (work, limits) =>
      unit.run((open) => {
        open.onCommit(wake);
        return work(open);
      }, limits),
  };
}
