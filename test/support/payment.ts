/** Payment, open over a database of its own, with what its tests do and look at. */
import { afterEach, beforeEach } from 'vitest';
import type { Gateway } from '../../src/modules/payment/gateway/gateway.ts';
import { ledgerInDatabase } from '../../src/modules/payment/gateway/ledger.ts';
import { createSimulatedGateway } from '../../src/modules/payment/gateway/simulated.ts';
import { createPayment } from '../../src/modules/payment/index.ts';
import { createDispatcher } from '../../src/outbox/dispatcher.ts';
import type { Message, Observer } from '../../src/outbox/index.ts';
import { compose } from '../../src/outbox/message.ts';
import { createUnitOfWork } from '../../src/outbox/outbox.ts';
import { untilNotOvertaken } from './again.ts';
import { createScriptedBroker } from './broker.ts';
import { openTestDatabase } from './database.ts';
import { until } from './until.ts';

/** A call has time also on a busy machine; who waits for a timeout asks for a shorter one. */
export const settings = { inquiryAfterSeconds: 60, gatewayConcurrency: 20, gatewayTimeoutSeconds: 5 };

export const message = (type: string, subject: string, data: unknown = {}): Message =>
  compose({ type, subject, data }, '/order', new Date());

export const authorize = (orderId: string, paymentToken = 'tok_visa', amount = 1250) =>
  message('payment.authorize', orderId, { amount, currency: 'EUR', paymentToken });

/** Opens Payment over a database of its own. Call it at the top of a test file. */
export async function openPayment() {
  const database = await openTestDatabase('payment', createPayment(settings).migrations);

  /** The broker is away: what Payment says stays in its outbox, where the tests read it. */
  const broker = createScriptedBroker();
  broker.ready = false;

  const unit = createUnitOfWork({
    database,
    source: '/payment',
    dispatcher: createDispatcher({ database, broker, news: [] }),
  });

  const simulated = createSimulatedGateway(ledgerInDatabase(database));

  /** Replicas of the module over the same database, closed after each test. */
  const replicas: { close(): Promise<void> }[] = [];

  function open(
    gateway: Gateway = simulated,
    {
      concurrency = settings.gatewayConcurrency,
      timeoutSeconds = settings.gatewayTimeoutSeconds,
      observer = {} as Observer,
    } = {},
  ) {
    const module = createPayment(
      { ...settings, gatewayConcurrency: concurrency, gatewayTimeoutSeconds: timeoutSeconds },
      () => gateway,
    ).open({
      database,
      unit,
      log: () => {},
      observer,
      budgetMs: 30_000,
    });
    for (const clock of module.clocks) clock.start();
    replicas.push({
      async close() {
        await Promise.all(module.clocks.map((clock) => clock.stop()));
        await module.close?.();
      },
    });
    const receive = (...messages: Message[]) =>
      untilNotOvertaken(() => unit.run((inHand) => module.handle(inHand, messages)));
    return { routes: module.routes, receive };
  }

  beforeEach(() => database.query((sql) => sql`truncate payments, simulated_gateway_ledger, outbox`));

  afterEach(async () => {
    for (const replica of replicas.splice(0)) await replica.close();
  });

  const said = async (orderId: string) =>
    (
      await database.query(
        (sql) => sql<{ type: string }[]>`select type from outbox where subject = ${orderId} order by id`,
      )
    ).map(({ type }) => type);

  const hears = (orderId: string, ...types: string[]) =>
    until(`${types} about ${orderId}`, async () => (await said(orderId)).join() === types.join(), 15_000);

  /** A payment as an operator reads it. */
  const row = async (orderId: string) =>
    (
      await database.query(
        (sql) => sql<
          {
            state: string;
            calls: number;
            callAt: Date | null;
            callSince: Date | null;
            callError: string | null;
          }[]
        >`
        select state, calls, call_at as "callAt", call_since as "callSince", call_error as "callError"
        from payments where order_id = ${orderId}`,
      )
    )[0];

  const becomes = (orderId: string, state: string) =>
    until(`${orderId} is ${state}`, async () => (await row(orderId))?.state === state, 15_000);

  /** As if the claim of a call had ended: its process was killed, or stood still for long. */
  const endClaim = (orderId: string) =>
    database.query(
      (sql) => sql`update payments set call_at = now() where order_id = ${orderId} and call_at is not null`,
    );

  const ledger = (orderId: string) =>
    database.query(
      (sql) => sql<{ operation: string; asks: number; done: boolean }[]>`
      select operation, asks, done from simulated_gateway_ledger where order_id = ${orderId} order by at`,
    );

  return { database, unit, simulated, open, said, hears, row, becomes, endClaim, ledger };
}
