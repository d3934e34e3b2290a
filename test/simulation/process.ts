/** A process of one module: the production parts, wired as the program wires them, but run by hand. */
import { createDispatcher } from '../../src/outbox/dispatcher.ts';
import { createFailures } from '../../src/outbox/failures.ts';
import { createInbox, type Handle } from '../../src/outbox/inbox.ts';
import type { Broker, Database, Handles, Observer, UnitOfWork, Worker } from '../../src/outbox/index.ts';
import { decode } from '../../src/outbox/message.ts';
import { createUnitOfWork } from '../../src/outbox/outbox.ts';
import { createRelay } from '../../src/outbox/relay.ts';
import type { Queued, SimulatedBroker } from './broker.ts';
import { connect } from './connection.ts';
import { curse, Injected } from './curse.ts';
import type { Memory } from './memory/database.ts';
import type { MessageMemory } from './memory/messages.ts';
import type { Mortal, World } from './world.ts';

/** When a parked message is tried again: soon, and not often, so that some die of it. */
const retryPolicy = { firstSeconds: 1, maxSeconds: 10, maxAttempts: 2 };

/** What a module's processes have in common: what it is made of, and what it remembers. */
export interface Module {
  readonly name: string;
  readonly memory: Memory;
  readonly messages: MessageMemory;
  readonly handles: Handles;
  readonly says: Handles;
  readonly news: readonly string[];
  /** What a process of it runs. */
  open(parts: Parts): {
    readonly handle: Handle;
    /** When each has something to do next; null: nothing that is known of. */
    readonly clocks: readonly Clock[];
  };
  /** A planted bug may lie in front of these. */
  readonly broker?: (broker: Broker) => Broker;
  readonly database?: (database: Database) => Database;
}

export interface Parts {
  readonly process: Mortal;
  readonly unit: UnitOfWork;
  readonly database: Database;
  readonly observer: Observer;
}

export interface Clock {
  readonly worker: Worker;
  /** On the module's wall clock, in milliseconds. */
  dueAt(): number | null;
}

export interface Process extends Mortal {
  readonly module: Module;
  readonly unit: UnitOfWork;
  readonly clocks: readonly Clock[];
  /** Workers that are at work; each does one thing at a time. */
  readonly busy: Set<unknown>;
  isReceiving(): boolean;
  run(clock: Clock): void;
  /** Handles packets and acknowledges them; what is not acknowledged when it fails goes back to the queue. */
  receive(packets: readonly Queued[]): void;
  /** Ends at once; what it had in hand is the broker's again. */
  crash(): void;
  /** As an operator: what is dead is tried again, or given up. */
  redrive(ids: readonly string[]): Promise<number>;
  discard(ids: readonly string[]): Promise<number>;
}

export function startProcess(world: World, broker: SimulatedBroker, module: Module, name: string): Process {
  const { memory, messages, handles, says, news } = module;
  const { store } = messages;
  const busy = new Set<unknown>();
  let inHand: readonly Queued[] = [];
  const mortal: Mortal = { name, alive: true };

  const observer: Observer = {
    failed({ what, error }) {
      world.note(() => `${name}: ${what} failed: ${error}`);
    },
    parked({ type, error, attempts, dead }) {
      world.count(dead ? 'dead' : 'parked');
      world.note(() => `${name}: ${type} is ${dead ? 'dead' : 'parked'} after ${attempts}: ${error}`);
      if (!provoked.test(error)) world.violate(`${name} could not handle ${type}: ${error}`);
    },
  };
  const connection = connect(world, mortal, memory);
  const database = module.database?.(connection) ?? connection;
  const wire = broker.connect(mortal);
  const dispatcher = createDispatcher({
    database,
    broker: module.broker?.(wire) ?? wire,
    news,
    observer,
    store,
    // When a thing is done is the run's to decide.
    deleteEveryMs: 0,
  });
  const unit = createUnitOfWork({
    database,
    source: `/${module.name}`,
    says: Object.keys(says),
    dispatcher,
    store,
  });
  const failures = createFailures({ database, unit, policy: retryPolicy, observer, store });
  const opened = module.open({ process: mortal, unit, database, observer });
  const handle = curse(world, opened.handle);
  const inbox = createInbox({ database, unit, handles, handle, failures, store });
  const leaseEnds = () => earliest(messages.outbox.values(), ({ leasedUntil }) => leasedUntil);
  const retryDue = () => earliest(messages.failures.values(), ({ nextAttemptAt }) => nextAttemptAt);

  async function receive(packets: readonly Queued[]): Promise<void> {
    busy.add(inbox);
    inHand = packets;
    const entries = packets.flatMap(({ packet, redelivered }) =>
      decode(packet.body, new Date()).map((entry) => ({ ...entry, redelivered })),
    );
    world.note(() => `${name}: receives ${packets.map(({ packet }) => packet.routingKey).join(', ')}`);
    try {
      await inbox.receive(entries);
      await world.pause(mortal, 'acknowledge');
    } catch {
      broker.requeue(module.name, packets);
    }
    inHand = [];
    busy.delete(inbox);
  }

  async function run({ worker }: Clock): Promise<void> {
    busy.add(worker);
    // As its loop does: it comes again.
    await worker.runOnce().catch((error) => observer.failed?.({ what: worker.name, error, retryInMs: 0 }));
    busy.delete(worker);
  }

  return Object.assign(mortal, {
    module,
    unit,
    busy,
    clocks: [
      { worker: createRelay({ database, dispatcher, store }), dueAt: leaseEnds },
      { worker: failures.retries({ handles, handle }), dueAt: retryDue },
      ...opened.clocks,
    ],
    run: (clock: Clock) => void run(clock),
    receive: (packets: readonly Queued[]) => void receive(packets),
    isReceiving: () => busy.has(inbox),
    crash() {
      world.note(() => `${name}: crashes`);
      world.kill(mortal);
      broker.requeue(module.name, inHand);
    },
    redrive: failures.redrive,
    discard: failures.discard,
  });
}

/** Why a message may fail in a run: we made it, or killed its process while it was in hand. */
const provoked = new RegExp(
  `^(${Injected.name}: |Error: its handling has ended the process|its last attempt did not come to an end)`,
);

/** The earliest of the moments; null: there is none. */
export function earliest<Row>(rows: Iterable<Row>, at: (row: Row) => number | null): number | null {
  let first: number | null = null;
  for (const row of rows) {
    const moment = at(row);
    if (moment !== null && (first === null || moment < first)) first = moment;
  }
  return first;
}
