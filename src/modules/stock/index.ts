/** Stock, wired: it knows what there is, and promises it to orders. */
import { createForgetting, idempotencyMigrations } from '../../http/index.ts';
import { createLoop } from '../../outbox/index.ts';
import { createInquiries } from '../inquiries.ts';
import type { Module } from '../module.ts';
import { seedDemo } from './demo.ts';
import { stockFacts } from './facts.ts';
import { createRoutes } from './http.ts';
import { createHandler, handles, says } from './messages.ts';
import tables from './migrations/001_stock.sql';
import { countHeld } from './store.ts';

export interface StockSettings {
  /** How long units are held before Order is asked what has become of the order, in seconds. */
  readonly inquiryAfterSeconds: number;
}

export function createStock({ inquiryAfterSeconds }: StockSettings): Module {
  return {
    name: 'stock',
    migrations: [{ name: 'stock/001_stock', sql: tables }, ...idempotencyMigrations],
    handles,
    says,
    news: ['product.changed'],
    facts: stockFacts,
    open({ database, unit, observer, budgetMs }) {
      return {
        routes: createRoutes({ database, unit, budgetMs }),
        inProgress: () => database.query(countHeld),
        handle: createHandler(inquiryAfterSeconds),
        clocks: [
          createLoop(
            createInquiries({
              unit,
              participant: 'stock',
              table: 'reservations',
              afterSeconds: inquiryAfterSeconds,
            }),
            observer,
          ),
          createLoop(createForgetting(database), observer),
        ],
        seedDemo: () => seedDemo(unit),
      };
    },
  };
}
