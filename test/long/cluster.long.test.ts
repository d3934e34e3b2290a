/** A RabbitMQ cluster loses its leader under load, again and again: no order is lost, and orders end again soon. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../chaos/load.ts';
import { createRandom } from '../chaos/random.ts';
import { agree } from '../support/agreement.ts';
import { openCluster } from '../support/rabbit-cluster.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { until } from '../support/until.ts';

const ordersPerSecond = 20;
/** However the leader ends: no longer than this is no order confirmed. */
const wellWithinMs = 15_000;
const rounds = 3;

const cluster = await openCluster();
afterAll(() => cluster?.stop());

describe.skipIf(cluster === undefined)('a cluster of three', () => {
  let shop: Shop;

  beforeAll(async () => {
    // The saga's patience is as in production: what keeps orders is the outbox and the queues, not that commands are sent again.
    shop = await openShop('split', cluster?.url ?? '', {});
    await shop.opened();
  });
  afterAll(() => shop?.stop());

  const anyConfirmed = async (since: Date) =>
    (
      await shop.look(
        'order',
        (sql) => sql`select 1 from orders where created_at > ${since} and status = 'confirmed' limit 1`,
      )
    ).length > 0;

  /** The longest time in which no order was confirmed although customers ordered. */
  const longestPauseMs = async () => {
    const [row] = await shop.look<{ ms: number }>(
      'order',
      (sql) => sql`
        select max(pause)::float8 as ms from (
          select extract(epoch from updated_at - lag(updated_at) over (order by updated_at)) * 1000 as pause
          from orders where status = 'confirmed'
        ) as pauses`,
    );
    return Math.round(row?.ms ?? Number.POSITIVE_INFINITY);
  };

  test(`whose leader is killed ${rounds} times under load: no order is lost, orders end again within 15 s`, async () => {
    const load = startLoad(shop.urls.order, ordersPerSecond, createRandom(1));
    let alive = cluster?.nodes[0];
    for (let round = 0; round < rounds; round += 1) {
      const before = load.accepted.size;
      await until('customers order', () => load.accepted.size >= before + 50);
      const leader = await cluster?.leaderOf('order-saga.order', alive);
      await leader?.kill();
      const killedAt = new Date();
      await until('an order that was placed since is confirmed', () => anyConfirmed(killedAt));
      await leader?.startAgain();
      alive = leader;
    }
    await load.stop();
    const orders = [...load.accepted].map((id) => ({ id }));
    await shop.allEnded(orders);
    await agree(shop);
    const pausedMs = await longestPauseMs();
    process.stdout.write(`cluster ${JSON.stringify({ pausedMs, orders: orders.length })}\n`);
    expect(pausedMs).toBeLessThan(wellWithinMs);
    expect(load.refused.size).toBe(0);
  });
});
