/**
 * What is counted, for Prometheus: every metric with its meaning. Labels name kinds (a module, a type, a step), never ids, so that
 * their number is bounded whatever customers do.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Broker, Database, Observer, Overview } from '../outbox/index.ts';

/** From a quick read to a request that has waited for its time limit. */
const requestSeconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** A happy order takes tens of milliseconds; one that waits for an outage takes minutes. */
const orderSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
/** A scrape does not wait longer for a database that hangs: what it cannot tell is left out. */
const readTimeoutMs = 2_000;

/** Where a module's levels are read at every scrape. */
export interface Sources {
  readonly overview: Pick<Overview, 'levels'>;
  readonly database: Pick<Database, 'connections'>;
  readonly broker: Pick<Broker, 'ready'>;
  inProgress(): Promise<readonly { state: string; count: number; oldestSeconds: number }[]>;
}

/** What modules tell besides what the library tells. */
interface Told extends Observer {
  ended(event: { readonly status: string; readonly seconds: number }): void;
  attempted(event: { readonly channel: string; readonly outcome: string }): void;
  called(event: { readonly operation: string; readonly outcome: string; readonly seconds: number }): void;
}

export interface Metrics {
  /** Counts what a module is told to tell. */
  observerOf(module: string): Told;
  /** Reads a module's levels at every scrape. */
  watch(module: string, sources: Sources): void;
  /** Counts a request that was answered. `route`: the pattern, not the path. */
  answered(request: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  /** Everything in Prometheus' text format. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `order_saga_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `order_saga_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ) => new Histogram({ name: `order_saga_${name}`, help, labelNames, buckets, registers });

  gauge('info', 'Always 1; the version is its label.', ['version']).set({ version }, 1);

  const sent = counter('outbox_sent_total', 'Messages that the broker has confirmed.', ['module', 'type']);
  const refused = counter('outbox_refused_total', 'Messages that the broker has refused.', [
    'module',
    'type',
  ]);
  const handled = counter('inbox_handled_total', 'Messages that have had their effect.', ['module', 'type']);
  const duplicates = counter('inbox_duplicates_total', 'Messages that had had their effect before.', [
    'module',
  ]);
  const parked = counter('messages_parked_total', 'Failed attempts to handle a message.', ['module', 'dead']);
  const failed = counter('failed_total', 'What failed and is tried again by itself.', ['module', 'what']);
  const orders = histogram(
    'order_seconds',
    'From placing an order to its outcome.',
    ['status'],
    orderSeconds,
  );
  const attempts = counter(
    'delivery_attempts_total',
    'Attempts to tell of outcomes, and what came of them.',
    ['channel', 'outcome'],
  );
  const calls = histogram(
    'gateway_call_seconds',
    'Calls to the card processor; an unknown outcome is asked for again.',
    ['operation', 'outcome'],
    requestSeconds,
  );
  const requests = histogram(
    'http_request_seconds',
    'Requests, to their answer.',
    ['method', 'route', 'status'],
    requestSeconds,
  );

  const databaseUp = gauge('database_up', '1: the module’s database answers.', ['module']);
  const brokerReady = gauge('broker_ready', '1: connected, and not blocked.', ['module']);
  const outboxMessages = gauge('outbox_messages', 'Messages not sent and confirmed yet.', ['module']);
  const outboxOldest = gauge('outbox_oldest_seconds', 'Age of the oldest of them.', ['module']);
  const failures = gauge('failures', 'Messages that could not be handled; dead ones wait for a person.', [
    'module',
    'state',
  ]);
  const inProgress = gauge(
    'in_progress',
    'Sagas, reservations, payments and deliveries not at their end, by state.',
    ['module', 'state'],
  );
  const inProgressOldest = gauge('in_progress_oldest_seconds', 'Age of the oldest of them.', [
    'module',
    'state',
  ]);
  const connections = gauge('database_connections', 'Connections to the database, and callers that wait.', [
    'module',
    'state',
  ]);

  const watched = new Map<string, Sources>();

  async function read(module: string, sources: Sources): Promise<void> {
    brokerReady.set({ module }, Number(sources.broker.ready));
    for (const [state, count] of Object.entries(sources.database.connections()))
      connections.set({ module, state }, count);
    const levels = await within(
      readTimeoutMs,
      Promise.all([sources.overview.levels(), sources.inProgress()]),
    ).catch(() => undefined);
    databaseUp.set({ module }, Number(levels !== undefined));
    if (!levels) return;
    const [messaging, states] = levels;
    outboxMessages.set({ module }, messaging.outboxMessages);
    outboxOldest.set({ module }, messaging.outboxOldestSeconds);
    failures.set({ module, state: 'parked' }, messaging.parked);
    failures.set({ module, state: 'dead' }, messaging.dead);
    for (const { state, count, oldestSeconds } of states) {
      inProgress.set({ module, state }, count);
      inProgressOldest.set({ module, state }, oldestSeconds);
    }
  }

  return {
    observerOf: (module) => ({
      sent: ({ type, messages }) => sent.inc({ module, type }, messages),
      refused: ({ type, messages }) => refused.inc({ module, type }, messages),
      handled({ types, duplicates: again }) {
        // A batch has few types: prom-client takes longer to find a counter than to count.
        const times = new Map<string, number>();
        for (const type of types) times.set(type, (times.get(type) ?? 0) + 1);
        for (const [type, count] of times) handled.inc({ module, type }, count);
        if (again > 0) duplicates.inc({ module }, again);
      },
      parked: ({ dead }) => parked.inc({ module, dead: String(dead) }),
      failed: ({ what }) => failed.inc({ module, what }),
      ended: ({ status, seconds }) => orders.observe({ status }, seconds),
      attempted: ({ channel, outcome }) => attempts.inc({ channel, outcome }),
      called: ({ operation, outcome, seconds }) => calls.observe({ operation, outcome }, seconds),
    }),

    watch: (module, sources) => void watched.set(module, sources),

    answered: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: String(status) }, seconds),

    async scrape() {
      // What cannot be read now must not be told as it was.
      for (const level of [outboxMessages, outboxOldest, failures, inProgress, inProgressOldest])
        level.reset();
      await Promise.all([...watched].map(([module, sources]) => read(module, sources)));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not answered within ${ms} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
