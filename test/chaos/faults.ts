/** Everything that goes wrong, by chance but repeatable. One fault at a time lasts; short ones come in between. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TestProxy } from '../support/proxy.ts';
import type { Random } from './random.ts';
import type { Supervised } from './supervisor.ts';
import type { BrokerServer, DatabaseServer } from './surroundings.ts';

/** Longer than a lease (10 s): rows that were in hand have been taken by others when it is over. */
const maxStallMs = 12_000;
const maxDownMs = 5_000;
/** Between two faults: the shop is to be hit while it works, too. */
const maxRestMs = 2_500;

export interface Faults {
  /** How often each has happened. */
  readonly counts: Map<string, number>;
  /** Nothing more goes wrong; resolves when all is whole again. */
  stop(): Promise<void>;
}

interface Targets {
  readonly programs: readonly Supervised[];
  readonly databases: readonly DatabaseServer[];
  readonly broker: BrokerServer;
}

export function startFaults(
  { programs, databases, broker }: Targets,
  random: Random,
  tell: (fault: string) => void,
): Faults {
  const counts = new Map<string, number>();
  const stopping = new AbortController();
  const { node } = broker;

  const wait = (maxMs: number) =>
    pause(random.between(100, maxMs), undefined, { signal: stopping.signal }).catch(() => {});
  const one = <T>(of: readonly T[]): T => of[random.between(0, of.length - 1)] as T;

  async function half(network: TestProxy, held: 'requests' | 'answers' | 'both'): Promise<void> {
    network.stall(held);
    await wait(maxStallMs);
    // Some come back as if nothing had been; others find that nobody knows them any more.
    if (random.next() < 0.5) network.cut();
    network.resume();
  }

  async function away(network: TestProxy): Promise<void> {
    await network.refuse();
    await wait(maxDownMs);
    await network.accept();
  }

  /** A process that does not get the processor, as in a long collection of garbage or a machine that is moved. */
  async function freeze(): Promise<void> {
    const program = one(programs);
    program.signal('SIGSTOP');
    await wait(maxStallMs);
    program.signal('SIGCONT');
  }

  async function crashDatabase(): Promise<void> {
    const database = one(databases);
    await database.crash();
    await wait(maxDownMs);
    await database.startAgain();
  }

  async function stopBroker(): Promise<void> {
    await node.stopApp();
    await wait(maxDownMs);
    await node.startApp();
  }

  /**
   * RabbitMQ writes down late, after half a second without a new queue, which log is whose. Killed before, it gives a queue a new log
   * without a leader, for ever, and confirms nothing that goes into it (rabbitmq-server #15725). That is not ours to survive:
   * docs/operations.md tells an operator what to do.
   */
  async function killBroker(): Promise<void> {
    await node.tell('[ok = dets:sync(Table) || Table <- dets:all()].');
    await node.kill();
    await wait(maxDownMs);
    await node.startAgain();
  }

  async function alarm(): Promise<void> {
    await node.ctl('set_vm_memory_high_watermark', 'absolute', '1');
    await wait(maxDownMs);
    await node.ctl('set_vm_memory_high_watermark', '0.6');
  }

  const held = () => one(['requests', 'answers', 'both'] as const);
  const kinds = [
    { weight: 20, name: 'program killed', work: async () => one(programs).signal('SIGKILL') },
    { weight: 6, name: 'program stopped', work: async () => one(programs).signal('SIGTERM') },
    { weight: 8, name: 'program frozen', work: freeze },
    { weight: 8, name: 'database crashed', work: crashDatabase },
    { weight: 6, name: 'database connections cut', work: async () => one(databases).network.cut() },
    { weight: 4, name: 'database unreachable', work: () => away(one(databases).network) },
    { weight: 6, name: 'database connections half open', work: () => half(one(databases).network, held()) },
    { weight: 5, name: 'broker stopped', work: stopBroker },
    { weight: 3, name: 'broker killed', work: killBroker },
    { weight: 6, name: 'broker connections cut', work: async () => broker.network.cut() },
    {
      weight: 4,
      name: 'broker connections closed by an operator',
      work: () => node.ctl('close_all_connections', 'chaos'),
    },
    { weight: 5, name: 'broker connections half open', work: () => half(broker.network, held()) },
    { weight: 3, name: 'broker without memory', work: alarm },
    { weight: 2, name: 'broker forgets everything', work: () => node.reset() },
  ] as const;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { name, work } = random.pick(kinds);
      tell(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await work();
      await wait(maxRestMs);
    }
  }

  const running = run();
  // Awaited at the end; a fault that cannot be made ends the run then.
  running.catch(() => {});
  return {
    counts,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
