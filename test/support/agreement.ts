/** Whether three databases that share nothing tell the same story: what the audit says. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Shop } from './shop.ts';

/** What is still held for anybody. */
export async function held(shop: Shop) {
  const count = async (
    module: 'stock' | 'payment',
    states: readonly string[],
    table: 'reservations' | 'payments',
  ) =>
    (
      await shop.look(
        module,
        (sql) => sql`select 1 from ${sql(table)} where state = any(${[...states]}::text[])`,
      )
    ).length;
  const [{ reserved } = { reserved: 0 }] = await shop.look<{ reserved: number }>(
    'stock',
    (sql) => sql`select sum(reserved)::bigint as reserved from products`,
  );
  return {
    reservations: await count('stock', ['held'], 'reservations'),
    payments: await count('payment', ['authorizing', 'authorized', 'capturing', 'voiding'], 'payments'),
    reserved,
  };
}

/** Waits until the audit, which grants no grace, is clean: every saga is at its right end everywhere, nothing stays held. */
export async function agree(shop: Shop, timeoutMs = 30_000): Promise<void> {
  const latestMs = performance.now() + timeoutMs;
  let { findings } = await shop.audit(0);
  // An audit reads all there is: asked for too often, it is what keeps the shop from its end.
  for (let pauseMs = 20; findings.length > 0 && performance.now() < latestMs; pauseMs *= 2) {
    await pause(Math.min(pauseMs, 500));
    ({ findings } = await shop.audit(0));
  }
  expect(findings).toEqual([]);
}
