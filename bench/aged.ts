/**
 * What age does to it: the same loads on empty databases, on databases full of millions of orders, and on those while an old snapshot
 * keeps vacuum from clearing anything away. By hand: half an hour and some 20 GB.
 */
import postgres from 'postgres';
import { firstly, portion, spanOf } from './aged-rows.ts';
import { type Expectation, percentile } from './report.ts';
import { checkpoint, closedLoop, openLoop, type Scene } from './scenarios.ts';
import { modules, type Name } from './services.ts';
import { carts, openShop, type Shop, topologies, warmUp } from './shop.ts';

const allOrders = 5_000_000;
const ordersAtOnce = 100_000;
const clients = 64;
const loads = [
  { lines: 1, perSecond: 200 },
  // As many lines a second as a shop of small orders has at twelve times the rate.
  { lines: 50, perSecond: 50 },
] as const;
/** While the snapshot is open: what a quiet shop does. */
const meanwhilePerSecond = 200;
/** Figures are compared with those of the empty databases: within a tenth of them. */
const tolerance = 0.1;

const states = ['empty', 'aged', 'aged, an old snapshot open'] as const;
type State = (typeof states)[number];
const nameOf = (state: State, lines: number, what: string) =>
  `${state}, ${lines === 1 ? '1 line' : `${lines} lines`}: ${what}`;
const figures = ({ perSecond }: (typeof loads)[number]) => ({
  rate: `to the end, ${clients} clients`,
  p50: `placed to confirmed at ${perSecond}/s, p50`,
  p99: `placed to confirmed at ${perSecond}/s, p99`,
});

export const agedExpectations: Readonly<Record<string, Expectation>> = Object.fromEntries(
  states.slice(1).flatMap((state) =>
    loads.flatMap((load) => {
      const { rate, p50, p99 } = figures(load);
      const compared = (what: string, targetShare: number) => [
        nameOf(state, load.lines, what),
        { ceiling: nameOf('empty', load.lines, what), targetShare },
      ];
      return [compared(rate, 1 - tolerance), compared(p50, 1 + tolerance), compared(p99, 1 + tolerance)];
    }),
  ),
);

export async function aged(
  scene: Scene,
  options: { readonly rounds: number; readonly scale: number; readonly minutes: number },
  say: (what: string) => void,
): Promise<void> {
  const { rounds, scale, minutes } = options;
  const one = topologies['one process'];
  const shop = await openShop(scene.services, one);
  try {
    let orders = await warmUp(shop, scene.generator, scene.warmUpSeconds);
    say('empty databases');
    orders += await measure(scene, shop, 'empty', rounds);
    await shop.end(() => true);

    orders += await fill(scene, shop, Math.round(allOrders * scale), say);
    await shop.start(one);
    orders += await warmUp(shop, scene.generator, scene.warmUpSeconds);
    say('aged databases');
    orders += await measure(scene, shop, 'aged', rounds);

    const snapshots = await openSnapshots(shop);
    try {
      say(`a snapshot is open, ${meanwhilePerSecond} orders/s meanwhile, for ${minutes} min`);
      for (let minute = 0; minute < minutes; minute += 1) {
        const load = { ...scene, seconds: Math.min(60, 60 * (minutes - minute)) };
        const { accepted, tookMs } = await openLoop(load, shop, meanwhilePerSecond);
        orders += accepted;
        say(
          `  after ${minute + 1} min: p50 ${Math.round(percentile(tookMs, 0.5))} ms, p99 ${Math.round(percentile(tookMs, 0.99))} ms`,
        );
      }
      orders += await measure(scene, shop, 'aged, an old snapshot open', rounds);
    } finally {
      await snapshots.close();
    }
    say('the audit');
    await shop.check(orders, scene.generator.inDoubt);
  } finally {
    await shop.close();
  }
}

/** Returns how many orders were placed. */
async function measure(scene: Scene, shop: Shop, state: State, rounds: number): Promise<number> {
  let orders = 0;
  for (let round = 0; round < rounds; round += 1)
    for (const load of loads) {
      const bodies = carts(load.lines);
      const { rate, p50, p99 } = figures(load);
      const closed = await closedLoop(scene, shop, clients, bodies);
      const open = await openLoop(scene, shop, load.perSecond, bodies);
      orders += closed.accepted + open.accepted;
      scene.record(nameOf(state, load.lines, rate), 'orders/s', closed.perSecond);
      scene.record(nameOf(state, load.lines, p50), 'ms', percentile(open.tookMs, 0.5));
      scene.record(nameOf(state, load.lines, p99), 'ms', percentile(open.tookMs, 0.99));
    }
  return orders;
}

/** The three at once, portion by portion, and vacuumed as they would have been by and by. Returns how many orders that made. */
async function fill(scene: Scene, shop: Shop, total: number, say: (what: string) => void): Promise<number> {
  const setLogSize = async (statement: string) => {
    // A server of somebody's stays as it is.
    if (!scene.services.ownPostgres) return;
    await scene.services.sql.unsafe(statement);
    await scene.services.sql`select pg_reload_conf()`;
  };
  say(`${total.toLocaleString('en')} orders are made`);
  await setLogSize(`alter system set max_wal_size = '8GB'`);
  const span = spanOf(total);
  const fillOne = async (name: Name) => {
    const sql = postgres(urlOf(shop, name), {
      max: 1,
      onnotice: () => {},
      connection: { synchronous_commit: 'off' as never },
    });
    try {
      const first = firstly[name]?.(span);
      if (first) await sql.unsafe(first);
      for (let from = 0; from < total; from += ordersAtOnce) {
        const to = Math.min(from + ordersAtOnce, total) - 1;
        for (const statement of portion[name](span)) await sql.unsafe(statement, [from, to]);
        if (((to + 1) / ordersAtOnce) % 10 === 0 || to + 1 === total)
          say(`${name}: ${(to + 1).toLocaleString('en')} of ${total.toLocaleString('en')} orders`);
      }
      await sql.unsafe('vacuum (analyze)');
    } finally {
      await sql.end({ timeout: 5 });
    }
  };
  try {
    await Promise.all(modules.map(fillOne));
  } finally {
    await setLogSize('alter system reset max_wal_size');
  }
  say('a checkpoint');
  await checkpoint(scene);
  return total;
}

/** A transaction in each database that sees what was there, and lets nothing be cleared away that came to its end since. */
async function openSnapshots(shop: Shop): Promise<{ close(): Promise<void> }> {
  const connections = modules.map((name) => postgres(urlOf(shop, name), { max: 1 }));
  const backends = (sql: postgres.Sql) => sql.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid');
  const before: number[] = [];
  for (const sql of connections) {
    // A setting of the connection would not do: the driver leaves out what is 0.
    await sql.unsafe(
      'begin isolation level repeatable read; set local idle_in_transaction_session_timeout = 0',
    );
    before.push((await backends(sql))[0]?.pid ?? 0);
  }
  return {
    async close() {
      const after = await Promise.all(connections.map(async (sql) => (await backends(sql))[0]?.pid));
      for (const sql of connections) await sql.end({ timeout: 1 });
      // The driver connects anew when a connection has been closed, without a word.
      if (after.some((pid, n) => pid !== before[n])) throw new Error('a snapshot was not kept open');
    },
  };
}

const urlOf = ({ env }: Shop, name: Name) => env[`${name.toUpperCase()}_DATABASE_URL`] ?? '';
