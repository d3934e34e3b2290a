/** A broker that may lose, duplicate and reorder packets, fall silent, and forget everything. */
import {
  type Broker,
  BrokerAway,
  type Packet,
  PublishRefused,
  publishTimeoutMs,
} from '../../src/outbox/index.ts';
import type { Mortal, World } from './world.ts';

/** A packet in a queue. */
export interface Queued {
  readonly packet: Packet;
  readonly redelivered: boolean;
}

export interface SimulatedBroker {
  away: boolean;
  /** By the service whose it is. */
  readonly queues: ReadonlyMap<string, Queued[]>;
  /** The broker as one process sees it. */
  connect(owner: Mortal): Broker;
  /** Takes up to `count` packets from a queue. */
  take(queue: string, count: number): readonly Queued[];
  /** Puts back what was not acknowledged. */
  requeue(queue: string, packets: readonly Queued[]): void;
  /** Forgets every packet. */
  wipe(): void;
}

/** `bindings`: of each service's queue the types it takes. */
export function createSimulatedBroker(
  world: World,
  bindings: ReadonlyMap<string, readonly string[]>,
): SimulatedBroker {
  const { chance } = world;
  const queues = new Map([...bindings.keys()].map((name) => [name, [] as Queued[]]));

  function route(packet: Packet): void {
    for (const [queue, types] of bindings) {
      if (!types.includes(packet.routingKey)) continue;
      if (happens('packetForgotten')) continue;
      queues.get(queue)?.push({ packet, redelivered: false });
      if (happens('packetTwice')) queues.get(queue)?.push({ packet, redelivered: true });
    }
  }

  function happens(fault: 'packetForgotten' | 'packetTwice' | 'packetOvertakes'): boolean {
    const hit = chance.hit(world.weather[fault]);
    if (hit) world.count(fault);
    return hit;
  }

  async function publish(owner: Mortal, packet: Packet): Promise<void> {
    const type = packet.routingKey;
    const give = (what: string, error: Error): never => {
      world.count(what);
      world.note(() => `${owner.name}: ${what}: ${type}`);
      throw error;
    };
    const silent = () => new BrokerAway('no answer');
    if (!(await world.pause(owner, `publish ${type}`, publishTimeoutMs))) give('publishLost', silent());
    if (broker.away || chance.hit(world.weather.publishLost)) give('publishLost', silent());
    if (chance.hit(world.weather.publishRefused)) give('publishRefused', new PublishRefused('no'));
    route(packet);
    world.note(() => `${owner.name}: published ${type}`);
    if (!(await world.pause(owner, `confirm ${type}`, publishTimeoutMs))) give('confirmLost', silent());
    if (chance.hit(world.weather.confirmLost)) give('confirmLost', silent());
  }

  const broker: SimulatedBroker = {
    away: false,
    queues,
    connect: (owner) => ({
      get ready() {
        return !broker.away;
      },
      onReady: () => () => {},
      publish: (packet) => publish(owner, packet),
      subscribe: () => {
        throw new Error('the run itself delivers');
      },
      close: async () => {},
    }),
    take(name, count) {
      const queue = queues.get(name) ?? [];
      const taken: Queued[] = [];
      while (taken.length < count && queue.length > 0)
        taken.push(...queue.splice(happens('packetOvertakes') ? chance.below(queue.length) : 0, 1));
      return taken;
    },
    requeue(name, packets) {
      queues.get(name)?.unshift(...packets.map(({ packet }) => ({ packet, redelivered: true })));
    },
    wipe() {
      for (const queue of queues.values()) queue.length = 0;
    },
  };
  return broker;
}
