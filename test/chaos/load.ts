/** Customers who do not wait for the weather: a steady stream of orders that end in every way. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.ts';

/** A customer gives up then. */
const patienceMs = 10_000;
/** How often a customer asks for the same order. */
const maxTimes = 3;
const askAgainMs = 1_000;
/** Requests that are under way at once, so that a shop that hangs is not buried. */
const maxUnderWay = 500;

/** What customers do, and how often. */
const customers = [
  { weight: 55, what: 'pays', sku: 'PEN-01', quantity: 1, token: 'tok_visa' },
  { weight: 10, what: 'buys much', sku: 'MUG-01', quantity: 3, token: 'tok_visa' },
  { weight: 12, what: 'is declined', sku: 'CAP-01', quantity: 1, token: 'tok_declined' },
  { weight: 8, what: 'wants what is sold out', sku: 'RARE-01', quantity: 2, token: 'tok_visa' },
  { weight: 5, what: 'pays slowly', sku: 'TEE-01', quantity: 1, token: 'tok_timeout' },
  { weight: 5, what: 'pays in the end', sku: 'BAG-01', quantity: 1, token: 'tok_unavailable' },
] as const;
/** Some think better of it, at any time. */
const cancelShare = 0.12;
const cancelWithinMs = 3_000;

export interface Load {
  /** Orders that were answered with 201. */
  readonly accepted: Set<string>;
  /** Cancellations that were answered with 202. */
  readonly cancelled: Set<string>;
  /** Every other answer, by status; `none`: nobody answered. */
  readonly refused: Map<string, number>;
  /** No new orders; resolves when all under way are answered. */
  stop(): Promise<void>;
}

/** Places `perSecond` orders a second at `urls` in turn. */
export function startLoad(urls: readonly string[], perSecond: number, random: Random): Load {
  const accepted = new Set<string>();
  const cancelled = new Set<string>();
  const refused = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  let placing = true;
  let turn = 0;
  /** Each order is for a customer of its own. */
  let bought = 0;

  async function ask(path: string, key: string, body: unknown): Promise<Response | undefined> {
    turn += 1;
    try {
      return await fetch(`${urls[turn % urls.length]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(patienceMs),
      });
    } catch {
      return undefined;
    }
  }

  /** Who gets no answer, or a 5xx, asks again with the same key, wherever: it is one order in any case. */
  async function insist(path: string, key: string, body: unknown): Promise<Response | undefined> {
    for (let time = 1; ; time += 1) {
      const response = await ask(path, key, body);
      const unclear = response === undefined || response.status >= 500 || response.status === 409;
      if (!unclear || time === maxTimes) return response;
      await response?.body?.cancel();
      await pause(askAgainMs);
    }
  }

  async function buy(): Promise<void> {
    bought += 1;
    const customerId = `cus_${bought}`;
    const { sku, quantity, token } = random.pick(customers);
    const cancelAfterMs = random.next() < cancelShare ? random.between(0, cancelWithinMs) : undefined;
    const lines = [{ sku, quantity }];
    const response = await insist('/orders', customerId, { customerId, lines, paymentToken: token });
    if (response?.status !== 201) {
      await response?.body?.cancel();
      const status = String(response?.status ?? 'none');
      refused.set(status, (refused.get(status) ?? 0) + 1);
      return;
    }
    const { id } = (await response.json()) as { id: string };
    accepted.add(id);
    if (cancelAfterMs === undefined) return;
    await pause(cancelAfterMs);
    const answer = await ask(`/orders/${id}/cancel`, customerId, {});
    await answer?.body?.cancel();
    if (answer?.status === 202) cancelled.add(id);
  }

  async function place(): Promise<void> {
    const beginMs = performance.now();
    for (let n = 0; placing; n += 1) {
      await pause(Math.max(0, beginMs + (n * 1_000) / perSecond - performance.now()));
      if (underWay.size >= maxUnderWay) continue;
      const order: Promise<void> = buy()
        // A body that broke off in the middle: accepted, but we do not know its name.
        .catch(() => void refused.set('broken', (refused.get('broken') ?? 0) + 1))
        .finally(() => underWay.delete(order));
      underWay.add(order);
    }
  }

  const running = place();
  return {
    accepted,
    cancelled,
    refused,
    async stop() {
      placing = false;
      await running;
      await Promise.all(underWay);
    },
  };
}
