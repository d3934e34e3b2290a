/** The card processors that Payment's suite runs against: what a test tells them, and what it reads of them. */

import { createApp, listen, openToAll } from '../../src/http/index.ts';
import { createFaults, type Fault } from '../../src/modules/payment/gateway/faults.ts';
import type { Gateway } from '../../src/modules/payment/gateway/gateway.ts';
import { createHttpGateway } from '../../src/modules/payment/gateway/http.ts';
import { ledgerInDatabase } from '../../src/modules/payment/gateway/ledger.ts';
import { createSimulatedGateway } from '../../src/modules/payment/gateway/simulated.ts';
import { createGatewaySimulator } from '../../src/modules/payment/index.ts';
import type { Operation } from '../../src/modules/payment/payment.ts';
import type { Database } from '../../src/outbox/index.ts';

export interface LedgerLine {
  readonly operation: Operation;
  readonly amount: number;
  readonly asks: number;
  readonly done: boolean;
}

export interface Processor {
  readonly gateway: Gateway;
  /** Tells it what to do wrong. */
  fault(fault: Pick<Fault, 'kind'> & Partial<Fault>): Promise<void>;
  /** What it has written down about an order, in the order of the first calls. */
  ledger(orderId: string): Promise<readonly LedgerLine[]>;
  close(): Promise<void>;
}

/** In this process, its ledger in Payment's database. */
async function inProcess(database: Database): Promise<Processor> {
  const faults = createFaults();
  return {
    gateway: createSimulatedGateway(ledgerInDatabase(database), faults),
    async fault(fault) {
      faults.add({ operation: null, orderId: null, times: 1, delayMs: 0, ...fault });
    },
    ledger: (orderId) =>
      database.query(
        (sql) => sql<LedgerLine[]>`
          select operation, amount, asks, done from simulated_gateway_ledger where order_id = ${orderId} order by at`,
      ),
    close: async () => {},
  };
}

/** Behind HTTP, as `gateway-simulator` serves it. */
async function overHttp(): Promise<Processor> {
  const token = 'secret-of-the-shop';
  const app = createApp({
    routes: [createGatewaySimulator(token)],
    guard: openToAll,
    ready: async () => [],
    onError: (error) => {
      throw error;
    },
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(
      `${server.url}${path}`,
      body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
    );
    if (!response.ok) throw new Error(`the simulator answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    gateway: createHttpGateway({ url: server.url, token }),
    async fault(fault) {
      await ask('/faults', fault);
    },
    async ledger(orderId) {
      const { data } = (await (await ask(`/ledger?orderId=${orderId}`)).json()) as { data: LedgerLine[] };
      return data.map(({ operation, amount, asks, done }) => ({ operation, amount, asks, done })).reverse();
    },
    close: () => server.close({ graceMs: 100 }),
  };
}

export const processors = [
  ['simulated', inProcess],
  ['http', overHttp],
] as const;
