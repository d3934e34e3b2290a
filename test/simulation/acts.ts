/** What happens in a run: what customers, operators, processes and the weather do, each of it once. */
import type { SimulatedBroker } from './broker.ts';
import { declinedToken, type SimulatedGateway } from './gateway.ts';
import type { Clock, Process } from './process.ts';
import { startProcess } from './process.ts';
import { goods, type Shop } from './shop.ts';
import type { World } from './world.ts';

/** A run that is under way. */
export interface Running {
  readonly world: World;
  readonly shop: Shop;
  readonly broker: SimulatedBroker;
  readonly gateway: SimulatedGateway;
  readonly processes: Process[];
  /** The broker may forget what it has confirmed, and what is lost is made up for. */
  readonly mayForget: boolean;
}

const maxPacketsAtOnce = 3;

/** One thing happens, good or bad. */
export function happen(run: Running): void {
  const { world, gateway } = run;
  const { chance } = world;
  if (misfortune(run)) return;
  if (gateway.late() > 0 && chance.hit(0.1)) gateway.arrive(chance.below(gateway.late()));
  else if (world.waits.length > 0 && chance.hit(0.5)) world.goOn(chance.below(world.waits.length));
  else if (chance.hit(0.6) && deliver(run, 1 + chance.below(maxPacketsAtOnce))) return;
  else if (chance.hit(0.6) && work(run)) return;
  // Mostly moments; sometimes a lease, a deadline or an outage.
  else world.advance(chance.pick([10, 100, 500, 1_000, 3_000, 6_000, 11_000, 40_000]));
}

/** What the weather brings, and what people do. False: nothing of it, for now. */
function misfortune(run: Running): boolean {
  const { chance, weather } = run.world;
  const acts = [
    [weather.crash, crash],
    [weather.cancel, cancel],
    [weather.operator, decideDead],
    [run.broker.away ? 0.2 : weather.brokerAway, turnBroker],
    [weather.wipe, wipe],
  ] as const;
  const act = acts.find(([rate]) => chance.hit(rate))?.[1];
  act?.(run);
  return act !== undefined;
}

function turnBroker({ world, broker }: Running): void {
  world.count('brokerAway');
  broker.away = !broker.away;
  world.note(() => `the broker is ${broker.away ? 'away' : 'there'}`);
}

function wipe({ world, broker }: Running): void {
  world.count('wipe');
  world.note(() => 'the broker forgets everything');
  broker.wipe();
}

export function place({ world, shop, processes }: Running): void {
  const { chance } = world;
  const skus = chance.hit(0.3) ? goods.map(({ sku }) => sku) : [chance.pick(goods).sku];
  const placing = {
    customerId: 'customer',
    lines: skus.map((sku) => ({ sku, quantity: sku === 'RARE-01' ? 1 : 1 + chance.below(3) })),
    paymentToken: chance.hit(0.2) ? declinedToken : 'tok_visa',
  };
  const { unit } = chance.pick(processes.filter(({ module }) => module.name === 'order'));
  world.count('placed');
  world.note(() => `a customer orders ${placing.lines.map(({ sku, quantity }) => `${quantity} ${sku}`)}`);
  // Whether a customer was answered or not: an order that is stored must come to its end.
  shop.place(unit, placing).catch(() => {});
}

function cancel({ world, shop, processes }: Running): void {
  const { chance } = world;
  const orders = [...shop.order.orders.values()];
  if (orders.length === 0) return;
  const { id } = chance.pick(orders).order;
  const { unit } = chance.pick(processes.filter(({ module }) => module.name === 'order'));
  world.count('cancel');
  world.note(() => `a customer cancels ${world.alias(id)}`);
  shop.cancel(unit, id).catch(() => {});
}

function crash({ world, broker, processes }: Running): void {
  const position = world.chance.below(processes.length);
  const process = processes[position];
  if (!process) return;
  world.count('crash');
  process.crash();
  processes[position] = startProcess(world, broker, process.module, process.name);
}

/** Hands packets to a process that has none. False if there is nothing to hand. */
export function deliver({ world, broker, processes }: Running, count: number): boolean {
  const free = processes.filter(
    (process) => !process.isReceiving() && (broker.queues.get(process.module.name) ?? []).length > 0,
  );
  if (broker.away || free.length === 0) return false;
  const process = world.chance.pick(free);
  process.receive(broker.take(process.module.name, count));
  return true;
}

/** Lets a clock strike that has something to do; now and then another, which must do nothing then. */
function work({ world, processes }: Running): boolean {
  const anyClock = world.chance.hit(0.1);
  const from = processes.flatMap((process) =>
    process.clocks
      .filter((clock) => !process.busy.has(clock.worker) && (anyClock || isDue(clock)))
      .map((clock) => ({ process, clock })),
  );
  if (from.length === 0) return false;
  const { process, clock } = world.chance.pick(from);
  process.run(clock);
  return true;
}

export function isDue({ dueAt }: Clock): boolean {
  const at = dueAt();
  return at !== null && at <= Date.now();
}

export const isDead = ({ nextAttemptAt }: { readonly nextAttemptAt: number | null }) =>
  nextAttemptAt === null;

/** A person looks at what is dead: it is tried again, or, where losing it is made up for, given up. */
export function decideDead({ world, shop, processes, mayForget }: Running): void {
  for (const module of shop.modules) {
    const dead = [...module.messages.failures.values()].filter(isDead);
    const process = processes.find((one) => one.module === module);
    for (const { id } of dead) {
      const discards = mayForget && world.chance.hit(0.5);
      world.count(discards ? 'discarded' : 'redriven');
      (discards ? process?.discard([id]) : process?.redrive([id]))?.catch(() => {});
    }
  }
}
