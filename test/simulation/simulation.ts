/**
 * A simulated run: three modules, a broker, a card processor and customers, in one process and in no time. A seed decides
 * everything that happens, and when. First the weather is bad for some steps; then it is fair, and all must come to its end.
 */
import { decideDead, deliver, happen, isDead, isDue, place, type Running } from './acts.ts';
import { createSimulatedBroker } from './broker.ts';
import { createSimulatedGateway } from './gateway.ts';
import { judge, keepLaws } from './laws.ts';
import { type Process, startProcess } from './process.ts';
import { openShop, type Plant, stockUp } from './shop.ts';
import { drawWeather, fair, forgetful } from './weather.ts';
import { createWorld, type World } from './world.ts';

export interface Run {
  readonly seed: number;
  /** What was broken; empty: all is well. */
  readonly violations: readonly string[];
  /** How often each thing has happened. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface Rules {
  /**
   * `forgetful`: the broker may forget what it has confirmed, and deadlines and inquiries make up for it. `faithful`: it keeps
   * it, and the outbox and the inbox alone must do.
   */
  readonly broker: 'forgetful' | 'faithful';
  /** A bug that is planted to be found. */
  readonly plant?: Plant;
  /** Filled with what happens. */
  readonly trace?: string[];
}

/** After this time of fair weather every saga has ended: the longest waits of a saga's steps, one after the other. */
const maxSagaMs = 10 * 60_000;
/** After this time nobody has anything left to do: an inquiry may wait for an hour. */
const maxQuietMs = 2 * 3_600_000;
/** So often the run looks for something to do before it gives up. */
const maxRounds = 400;

export async function simulate(seed: number, rules: Rules): Promise<Run> {
  const world = createWorld(seed, fair, rules.trace);
  try {
    const run = openRun(world, rules);
    await stockUp(run.shop);
    keepLaws(world, run.shop, run.gateway);
    world.weather = drawWeather(world.chance, rules.broker === 'faithful' ? forgetful : []);
    await storm(run);
    if (world.violations.length === 0) await calm(run);
    return { seed, violations: world.violations, counts: world.counts };
  } finally {
    world.end();
  }
}

function openRun(world: World, { broker: kind, plant }: Rules): Running {
  const mayForget = kind === 'forgetful';
  const gateway = createSimulatedGateway(world);
  const shop = openShop(world, gateway, { recovers: mayForget, ...(plant && { plant }) });
  const bindings = new Map(shop.modules.map(({ name, handles }) => [name, Object.keys(handles)]));
  const broker = createSimulatedBroker(world, bindings);
  const processes = shop.modules.flatMap((module) => {
    const replicas = world.chance.hit(0.3) ? [1, 2] : [1];
    return replicas.map((n) => startProcess(world, broker, module, `${module.name}-${n}`));
  });
  return { world, shop, broker, gateway, processes, mayForget };
}

/** Some orders and some dozen things that happen, good and bad. */
async function storm(run: Running): Promise<void> {
  const { world } = run;
  const { chance } = world;
  // Most bugs show in one order; some need two that want the same thing.
  let orders = chance.pick([1, 1, 1, 2, 3]);
  const steps = 20 + chance.below(21);
  for (let step = 0; step < steps && world.violations.length === 0; step += 1) {
    if (orders > 0 && (step === 0 || chance.hit(0.15))) {
      orders -= 1;
      place(run);
    } else happen(run);
    await world.settled();
  }
}

/** Nothing goes wrong any more: everything that is due is done, then time goes on to what is due next. */
async function calm(run: Running): Promise<void> {
  const { world, broker, processes, shop, gateway } = run;
  world.note(() => 'the weather turns fair');
  world.weather = fair;
  broker.away = false;
  const startMs = world.nowMs();
  while (gateway.late() > 0) gateway.arrive(0);

  for (let round = 0; round < maxRounds && world.violations.length === 0; round += 1) {
    while (world.waits.length > 0) {
      world.goOn(0);
      await world.settled();
    }
    decideDead(run);
    await world.settled();
    while (deliver(run, 10)) await world.settled();
    for (const process of processes)
      for (const clock of process.clocks)
        if (isDue(clock) && !process.busy.has(clock.worker)) {
          process.run(clock);
          await world.settled();
        }
    if (hasMore(run)) continue;
    const next = nextDueAt(processes);
    if (next === null) {
      for (const { order } of shop.order.orders.values()) world.count(order.status);
      return judge(world, shop, gateway);
    }
    // In whole milliseconds, and so a little later.
    world.advance(Math.max(1, Math.ceil(next - Date.now())));
    const waitedMs = world.nowMs() - startMs;
    if (waitedMs > maxQuietMs) break;
    if (waitedMs > maxSagaMs && [...shop.order.orders.values()].some(({ order }) => order.step !== 'done'))
      world.violate('an order has no end in time');
  }
  if (world.violations.length === 0) world.violate('it does not come to rest');
}

/** Something can be done at once. */
function hasMore({ world, broker, shop }: Running): boolean {
  return (
    world.waits.length > 0 ||
    [...broker.queues.values()].some((queue) => queue.length > 0) ||
    shop.modules.some(({ messages }) => [...messages.failures.values()].some(isDead))
  );
}

/** When a clock has something to do next; one that could not do it just now strikes again in a second. Null: never. */
function nextDueAt(processes: readonly Process[]): number | null {
  const moments = processes.flatMap(({ clocks }) => clocks.flatMap(({ dueAt }) => dueAt() ?? []));
  const now = Date.now();
  return moments.length === 0 ? null : Math.min(...moments.map((at) => (at > now ? at : now + 1_000)));
}
