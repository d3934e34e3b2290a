/** What is measured, one function each; all figures go to `record`. */
import { confirmedAt } from './confirmations.ts';
import type { Generator, Outcome } from './generator.ts';
import { type Group, type Usage, watch } from './processes.ts';
import { runScript, start } from './programs.ts';
import { percentile, type Unit } from './report.ts';
import type { Services } from './services.ts';
import { carts, openShop, type Shop, type TopologyName, topologies, warmUp } from './shop.ts';

export interface Scene {
  readonly services: Services;
  readonly generator: Generator;
  /** How long each load lasts. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  record(name: string, unit: Unit, value: number): void;
}

export const clients = [64, 256] as const;
export const rates = [50, 200, 500, 1_000] as const;
export const acceptOnly = (count: number) => `ceiling: accept-only, ${count} clients`;
export const rawPublish = 'ceiling: raw publish, 1,000 confirms in flight';
export const toTheEnd = (topology: TopologyName, count: number) =>
  `${topology}, ${count} clients: to the end`;
export const confirmedIn = (topology: TopologyName, perSecond: number, what: string) =>
  `${topology}, ${perSecond.toLocaleString('en')}/s: placed to confirmed, ${what}`;
export const drained = 'outbox drain, a backlog of 200,000';
export const accepted = 'accepted alone, 64 clients';
export const startUp = 'start to ready';

/** A checkpoint first, so that every run pays for its own full pages and none for the last one's. */
export const checkpoint = ({ services }: Scene) => services.sql.unsafe('checkpoint').catch(() => {});

const perSecond = (count: number, ms: number) => (count / ms) * 1_000;

/** What was used of the machine, by name: processes of one name are added up, and the largest of them is the memory. */
function recordUsage(scene: Scene, what: string, usage: readonly Usage[], orders: number) {
  for (const name of new Set(usage.map(({ group }) => group))) {
    const all = usage.filter(({ group }) => group === name);
    const seconds = all.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0);
    scene.record(`${what}: processor, ${name}`, 's/1,000 orders', (seconds / orders) * 1_000);
    scene.record(`${what}: memory, ${name}`, 'MB', Math.max(...all.map(({ peakBytes }) => peakBytes)) / 1e6);
  }
}

const generatorGroup = ({ generator }: Scene): Group => ({ name: 'the load generator', pid: generator.pid });

/** For what a script does besides its load: connecting, warming up, clearing away. */
const spareSeconds = 60;

/** Without our code: what this machine can do at the most. */
export async function ceilings(scene: Scene): Promise<void> {
  const { services, generator, seconds } = scene;
  const { ceiling: databaseUrl = '' } = await services.freshDatabases(['ceiling']);
  const server = await start({ DATABASE_URL: databaseUrl }, { bundle: 'dist/accept.js' });
  const place = (count: number, seconds: number) =>
    generator.run({
      kind: 'closed',
      urls: [`${server.url}/orders`],
      bodies: carts(),
      clients: count,
      seconds,
    });
  try {
    await place(64, scene.warmUpSeconds);
    for (const count of clients) {
      await checkpoint(scene);
      const watching = watch([
        { name: 'accept-only', pid: server.pid },
        ...services.groups.filter(({ name }) => name === 'PostgreSQL'),
        generatorGroup(scene),
      ]);
      const { accepted, startedAtMs, endedAtMs } = await place(count, seconds);
      const usage = watching.stop();
      scene.record(acceptOnly(count), 'orders/s', perSecond(accepted, endedAtMs - startedAtMs));
      if (count === 64) recordUsage(scene, acceptOnly(count), usage, accepted);
    }
  } finally {
    await server.end();
  }
  const env = { DATABASE_URL: databaseUrl, AMQP_URL: services.amqpUrl, SECONDS: String(seconds) };
  const script = async (bundle: string) =>
    JSON.parse(await runScript([bundle], env, seconds + spareSeconds)) as {
      readonly perSecond: number;
      readonly commitMs?: number;
    };
  const publishing = await script('dist/publish.js');
  scene.record(rawPublish, 'messages/s', publishing.perSecond);
  const inserting = await script('dist/insert.js');
  scene.record('ceiling: insert … unnest, 500 rows at once', 'rows/s', inserting.perSecond);
  scene.record('ceiling: one commit alone', 'ms', inserting.commitMs ?? 0);
}

/** Clients that send their next order when their last one is answered. The clock stops when the last saga has ended. */
export async function closedLoop(
  scene: Scene,
  shop: Shop,
  count: number,
  bodies = carts(),
): Promise<{
  readonly accepted: number;
  readonly refused: number;
  readonly perSecond: number;
  readonly usage: readonly Usage[];
}> {
  await checkpoint(scene);
  const watching = watch([...shop.groups(), ...scene.services.groups, generatorGroup(scene)]);
  const { accepted, refused, startedAtMs } = await scene.generator.run({
    kind: 'closed',
    urls: shop.orderUrls,
    bodies,
    clients: count,
    seconds: scene.seconds,
  });
  await shop.sagasEnded();
  const tookMs = Date.now() - startedAtMs;
  await shop.quiet();
  return { accepted, refused, perSecond: perSecond(accepted, tookMs), usage: watching.stop() };
}

/** So many orders a second, whatever the answers; from when each was due to the commit that confirms it. */
export async function openLoop(scene: Scene, shop: Shop, rate: number, bodies = carts()) {
  await checkpoint(scene);
  const outcome: Outcome = await scene.generator.run({
    kind: 'open',
    urls: shop.orderUrls,
    bodies,
    perSecond: rate,
    seconds: scene.seconds,
  });
  await shop.quiet();
  const at = await confirmedAt(shop.databases.order, outcome.placed, scene.services.commitTimes);
  const tookMs = outcome.placed.map(([id, dueMs]) => {
    const confirmedMs = at.get(id);
    if (confirmedMs === undefined) throw new Error(`order ${id} was accepted and is not confirmed`);
    return confirmedMs - dueMs;
  });
  return { accepted: outcome.accepted, refused: outcome.refused, tookMs };
}

/** Everything that is asked of one shop, which is then looked through: nothing may be lost. */
export async function loads(
  scene: Scene,
  topology: TopologyName,
  wanted: { readonly closed: boolean; readonly open: boolean },
): Promise<void> {
  const shop = await openShop(scene.services, topologies[topology]);
  try {
    let orders = await warmUp(shop, scene.generator, scene.warmUpSeconds);
    for (const count of wanted.closed ? clients : []) {
      const { accepted, refused, perSecond, usage } = await closedLoop(scene, shop, count);
      orders += accepted;
      scene.record(toTheEnd(topology, count), 'orders/s', perSecond);
      scene.record(`${topology}, ${count} clients: refused`, 'orders', refused);
      if (count === 64) recordUsage(scene, `${topology}, ${count} clients`, usage, accepted);
    }
    for (const rate of wanted.open ? rates : []) {
      const { accepted, refused, tookMs } = await openLoop(scene, shop, rate);
      orders += accepted;
      for (const [what, share] of [
        ['p50', 0.5],
        ['p99', 0.99],
        ['max', 1],
      ] as const)
        scene.record(confirmedIn(topology, rate, what), 'ms', percentile(tookMs, share));
      scene.record(`${topology}, ${rate.toLocaleString('en')}/s: refused`, 'orders', refused);
    }
    await shop.check(orders, scene.generator.inDoubt);
  } finally {
    await shop.close();
  }
}

/** Order alone: Stock and Payment are away, and their commands wait. They come back, and all of it ends well. */
export async function acceptedAlone(scene: Scene): Promise<void> {
  const split = topologies['split in three'];
  const shop = await openShop(scene.services, split);
  try {
    let orders = await warmUp(shop, scene.generator, scene.warmUpSeconds);
    await shop.end(([name]) => name !== 'order');
    await checkpoint(scene);
    const {
      accepted: count,
      startedAtMs,
      endedAtMs,
    } = await scene.generator.run({
      kind: 'closed',
      urls: shop.orderUrls,
      bodies: carts(),
      clients: 64,
      seconds: scene.seconds,
    });
    orders += count;
    scene.record(accepted, 'orders/s', perSecond(count, endedAtMs - startedAtMs));
    await shop.start(split.filter(([name]) => name !== 'order'));
    await shop.quiet();
    await shop.check(orders, scene.generator.inDoubt);
  } finally {
    await shop.close();
  }
}

const starts = 3;

/** From the start of the bundle, services elsewhere and databases migrated, until it says that it is ready. */
export async function startingUp(scene: Scene): Promise<void> {
  const shop = await openShop(scene.services, topologies['one process']);
  try {
    await shop.end(() => true);
    for (let n = 0; n < starts; n += 1) {
      const startMs = performance.now();
      const program = await start(shop.env);
      while ((await fetch(`${program.url}/readyz`)).status !== 200);
      scene.record(startUp, 'ms', performance.now() - startMs);
      await program.end();
    }
  } finally {
    await shop.close();
  }
}
