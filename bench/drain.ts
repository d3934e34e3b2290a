/** How fast an outbox empties after an outage. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../test/support/until.ts';
import { watch } from './processes.ts';
import { checkpoint, drained, type Scene } from './scenarios.ts';
import { openShop, topologies } from './shop.ts';

const messages = 200_000;
const products = 100;
const drainedWithinMs = 120_000;
const lookEveryMs = 20;
/** The last ones by their lease, which is the order in which they are taken: until they are gone, nobody need count. */
const lastOnes = 200;

/**
 * Stock comes up and finds a backlog: from the moment when it serves until its outbox is empty. Nobody listens meanwhile, so that it has
 * the machine for itself; then Order comes up, and every message must arrive.
 */
export async function drain(scene: Scene): Promise<void> {
  const split = topologies['split in three'];
  const shop = await openShop(scene.services, split);
  const ask = async (name: 'order' | 'stock', text: string) =>
    await shop.databases[name].transaction((sql) => sql.unsafe(text), {
      deadlineMs: Number.POSITIVE_INFINITY,
    });
  const count = async (name: 'order' | 'stock', table: string) =>
    Number((await ask(name, `select count(*) from ${table}`))[0]?.['count']);
  try {
    await shop.quiet();
    await shop.end(() => true);
    const before = await count('order', 'inbox');
    await ask('stock', backlog);
    const last = (await ask('stock', `select id from outbox order by leased_until desc limit ${lastOnes}`))
      .map(({ id }) => `'${id}'`)
      .join();
    await checkpoint(scene);

    await shop.start(split.filter(([name]) => name === 'stock'));
    const startMs = performance.now();
    const watching = watch([...shop.groups(), ...scene.services.groups]);
    const atStart = await count('stock', 'outbox');
    while ((await ask('stock', `select 1 from outbox where id in (${last}) limit 1`)).length > 0) {
      if (performance.now() - startMs > drainedWithinMs) throw new Error('the outbox does not empty');
      await pause(lookEveryMs);
    }
    while ((await ask('stock', 'select 1 from outbox limit 1')).length > 0) await pause(lookEveryMs);
    const tookMs = performance.now() - startMs;
    const usage = watching.stop();
    scene.record(drained, 'messages/s', (atStart / tookMs) * 1_000);
    for (const { group, processorSeconds, peakBytes } of usage) {
      scene.record(`outbox drain: processor, ${group}`, 's', processorSeconds);
      scene.record(`outbox drain: memory, ${group}`, 'MB', peakBytes / 1e6);
    }

    await shop.start(split.filter(([name]) => name === 'order'));
    await until(
      'every message has arrived',
      async () => (await count('order', 'inbox')) >= before + messages,
      drainedWithinMs,
    );
  } finally {
    await shop.close();
  }
}

/** News of products, as Stock writes them; due since an hour ago, in the order of their numbers. */
const backlog = `
  insert into outbox (id, type, subject, message, leased_until)
  select id, 'product.changed', sku,
    json_build_object('specversion', '1.0', 'id', id, 'source', '/stock', 'type', 'product.changed', 'subject', sku,
      'time', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', json_build_object('sku', sku, 'name', 'version ' || n, 'unitPrice', 100, 'currency', 'EUR', 'version', n + 1),
      'correlationid', sku),
    now() - interval '1 hour' + n * interval '1 microsecond'
  from (
    select n, 'NEWS-' || n % ${products} as sku,
      (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid as id
    from generate_series(0, ${messages - 1}) as n
  ) as news`;
