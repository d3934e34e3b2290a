/** Payment, wired: it authorizes, captures and voids with a card processor that may not answer. */
import { createForgetting, idempotencyMigrations } from '../../http/index.ts';
import { createLoop, type Database } from '../../outbox/index.ts';
import { createInquiries } from '../inquiries.ts';
import type { Module } from '../module.ts';
import { createCalls } from './clock.ts';
import { paymentFacts } from './facts.ts';
import type { Gateway } from './gateway/gateway.ts';
import { createHttpGateway } from './gateway/http.ts';
import { ledgerInDatabase, readBooks } from './gateway/ledger.ts';
import { observed } from './gateway/observed.ts';
import { createSimulatedGateway } from './gateway/simulated.ts';
import { createRoutes } from './http.ts';
import { createHandler, handles, says } from './messages.ts';
import tables from './migrations/001_payment.sql';
import ledger from './migrations/002_simulated_gateway.sql';
import tries from './migrations/003_calls.sql';
import approved from './migrations/004_approved.sql';
import ids from './migrations/005_payment_id.sql';
import { countOpen } from './store.ts';

export { createGatewaySimulator } from './gateway/simulator.ts';

export interface PaymentSettings {
  /** How long an authorization is held before Order is asked what has become of the order, in seconds. */
  readonly inquiryAfterSeconds: number;
  /** Calls to the card processor at once. */
  readonly gatewayConcurrency: number;
  /** How long one call may take, in seconds. */
  readonly gatewayTimeoutSeconds: number;
  /** Where the card processor is, and what is shown to it; undefined: it is simulated. */
  readonly gatewayUrl?: string | undefined;
  readonly gatewayToken?: string | undefined;
}

/** Connects to a card processor; `database` is for one that is only simulated and keeps its books there. */
export type CreateGateway = (database: Database) => Gateway;

/** `createGateway`: another card processor than the settings name. */
export function createPayment(
  settings: PaymentSettings,
  createGateway: CreateGateway = (database) => gatewayOf(settings, database),
): Module {
  const { inquiryAfterSeconds, gatewayConcurrency, gatewayTimeoutSeconds } = settings;
  // The books of a card processor elsewhere are its own.
  const books = settings.gatewayUrl === undefined ? readBooks : undefined;
  return {
    name: 'payment',
    migrations: [
      { name: 'payment/001_payment', sql: tables },
      { name: 'payment/002_simulated_gateway', sql: ledger },
      { name: 'payment/003_calls', sql: tries },
      { name: 'payment/004_approved', sql: approved },
      { name: 'payment/005_payment_id', sql: ids },
      ...idempotencyMigrations,
    ],
    handles,
    says,
    news: [],
    facts: (sql, scope) => paymentFacts(sql, scope, books),
    open({ database, unit, observer, budgetMs }) {
      const wake = () => callLoop.wake();
      const calls = createCalls({
        database,
        unit,
        gateway: observed(createGateway(database), observer),
        concurrency: gatewayConcurrency,
        timeoutSeconds: gatewayTimeoutSeconds,
        inquiryAfterSeconds,
        observer,
        wake,
      });
      const callLoop = createLoop(calls, observer);
      const inquiries = createInquiries({
        unit,
        participant: 'payment',
        table: 'payments',
        afterSeconds: inquiryAfterSeconds,
      });
      return {
        routes: createRoutes({ database, budgetMs }),
        inProgress: () => database.query(countOpen),
        handle: createHandler(calls.waits, calls),
        clocks: [callLoop, createLoop(inquiries, observer), createLoop(createForgetting(database), observer)],
        close: calls.close,
      };
    },
  };
}

const gatewayOf = ({ gatewayUrl, gatewayToken }: PaymentSettings, database: Database): Gateway =>
  gatewayUrl === undefined
    ? createSimulatedGateway(ledgerInDatabase(database))
    : createHttpGateway({ url: gatewayUrl, token: gatewayToken });
