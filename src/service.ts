/** Composition, on one page: configuration -> databases -> broker -> modules -> HTTP -> start -> stop. */
import type { Hono } from 'hono';
import { audit, defaultGraceSeconds, type Sources } from './audit/audit.ts';
import { type Config, type ModuleName, moduleNames, version } from './config.ts';
import type { ReadFacts } from './contracts/facts.ts';
import {
  asyncApiRoute,
  auditRoutes,
  createApp,
  createGuard,
  createRateLimit,
  createVerifier,
  factsRoutes,
  listen,
  messagingRoutes,
} from './http/index.ts';
import { readFacts } from './modules/facts.ts';
import { type Module, type ModuleObserver, sourceOf, topologyOf } from './modules/module.ts';
import { createOrder } from './modules/order/index.ts';
import { type CreateGateway, createPayment } from './modules/payment/index.ts';
import { createStock } from './modules/stock/index.ts';
import {
  type ConnectBroker,
  createMessaging,
  createOverview,
  isEnvironmental,
  migrate,
  openDatabase,
  outboxMigrations,
  pendingMigrations,
  rabbit,
} from './outbox/index.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { seldom } from './telemetry/seldom.ts';
import { waitUntil } from './waiting.ts';

export interface Service {
  readonly url: string;
  /** Resolves when every module runs. Rejects if that can never be: a migration that was edited. */
  readonly started: Promise<void>;
  /** Takes nothing more, finishes what is in hand, closes. */
  stop(): Promise<void>;
}

/** Where the modules' databases and broker are, and the ports through which they are reached. */
export interface Services {
  readonly databaseUrls: Readonly<Partial<Record<ModuleName, string>>>;
  readonly connectBroker: ConnectBroker;
  /** The library's, unless told. */
  readonly openDatabase?: typeof openDatabase;
  /** Payment's own choice, unless told. */
  readonly createGateway?: CreateGateway;
}

/** How long a graceful stop may take for requests in hand, in milliseconds. */
const graceMs = 3_000;

/** How long a database may take to say that it is there, in milliseconds; whoever asks usually gives up after a second or two. */
const readinessMs = 1_000;

/** Serves at once; the modules start as soon as their databases are there. */
export async function startService(config: Config, services: Services, log: Log): Promise<Service> {
  const abort = new AbortController();
  const metrics = createMetrics(version);
  const modules = config.modules.map((name) =>
    plugIn(createModule(name, config, services.createGateway), config, services, log, metrics),
  );
  const unanswered = seldom((fields) => log('warn', 'requests cannot be answered', fields));
  const keyless = seldom((fields) => log('warn', 'the keys for tokens cannot be fetched', fields));
  let running = false;
  const app: Hono = createApp({
    routes: [...modules.flatMap(({ routes }) => routes), ...auditOf(modules), messagesOf(config)],
    guard: createGuard({
      verify: config.tokens && createVerifier(config.tokens, { onTrouble: (error) => keyless({ error }) }),
      limit:
        config.rateLimitPerMinute === undefined
          ? undefined
          : createRateLimit({ perMinute: config.rateLimitPerMinute }),
    }),
    corsOrigins: config.corsOrigins,
    metrics: metrics.scrape,
    version,
    onAnswer: metrics.answered,
    ready: async () => [
      { name: 'started', ok: running },
      ...(await Promise.all(modules.map(({ ready }) => ready()))),
    ],
    onError: (error, request) =>
      isEnvironmental(error)
        ? unanswered({ ...request, error })
        : log('error', 'request failed', { ...request, error }),
  });
  const server = await listen(app, config.http);

  async function start(): Promise<void> {
    await Promise.all(modules.map((module) => module.prepare(abort.signal)));
    // Together: they answer each other's first questions.
    await Promise.all(modules.map((module) => module.start(abort.signal)));
    running = true;
  }

  const started = start();
  return {
    url: server.url,
    started,
    async stop() {
      running = false;
      abort.abort();
      await Promise.allSettled([started]);
      for (const module of modules) module.hangUp();
      await server.close({ graceMs });
      await Promise.all(modules.map((module) => module.stop()));
      await Promise.all(modules.map((module) => module.close()));
    },
  };
}

/** Where all three run in one process, they are compared there too. */
function auditOf(modules: readonly { readonly name: ModuleName; readonly readFacts: ReadFacts }[]): Hono[] {
  const sources: Partial<Sources> = Object.fromEntries(
    modules.map((module) => [module.name, module.readFacts]),
  );
  const { order, stock, payment } = sources;
  if (!order || !stock || !payment) return [];
  return [
    auditRoutes(({ graceSeconds = defaultGraceSeconds, signal }) =>
      audit({ order, stock, payment }, { graceSeconds, maxExamples: 100, signal }),
    ),
  ];
}

/** What the modules of this process say and take. Loaded when it is asked for: nobody needs it to serve. */
const messagesOf = (config: Config): Hono =>
  asyncApiRoute(async () => {
    const { asyncApiOf } = await import('./asyncapi/document.ts');
    const all = moduleNames.map((name) => createModule(name, config));
    return asyncApiOf({ all, of: all.filter(({ name }) => config.modules.includes(name)), version });
  });

/** Opens nothing. */
export function createModule(name: ModuleName, config: Config, createGateway?: CreateGateway): Module {
  switch (name) {
    case 'order':
      return createOrder(config);
    case 'stock':
      return createStock(config);
    case 'payment':
      return createPayment(config, createGateway);
  }
}

/** One module with a database, a broker and an outbox of its own: nothing is shared, also where all run in one process. */
function plugIn(module: Module, config: Config, services: Services, log: Log, metrics: Metrics) {
  const { name } = module;
  const migrations = [...outboxMigrations, ...module.migrations];
  const database = (services.openDatabase ?? openDatabase)({
    url: services.databaseUrls[name] ?? '',
    name: `order-saga ${name}`,
    prepare: config.databasePrepare,
  });
  // Of its own: a database that others keep busy is there all the same.
  const probe = openDatabase({
    url: services.databaseUrls[name] ?? '',
    name: `order-saga ${name} readiness`,
    prepare: config.databasePrepare,
    maxConnections: 1,
  });
  const pendingNow = shared(() =>
    pendingMigrations(probe, migrations, { deadlineMs: performance.now() + readinessMs }),
  );
  const broker = services.connectBroker(topologyOf(module));
  const counted = metrics.observerOf(name);
  const observer: ModuleObserver = {
    ...counted,
    failed(event) {
      counted.failed?.(event);
      log('warn', 'failed, is tried again', { module: name, ...event });
    },
    parked(event) {
      counted.parked?.(event);
      log('warn', 'message parked', { module: name, ...event });
    },
    refused(event) {
      counted.refused?.(event);
      log('warn', 'the broker refused messages', { module: name, ...event });
    },
  };
  const messaging = createMessaging({
    database,
    broker,
    source: sourceOf(module),
    says: Object.keys(module.says),
    news: module.news,
    // After the eighth attempt, about 20 minutes with the default first wait, a person decides.
    retry: { firstSeconds: config.failureRetrySeconds, maxSeconds: 3_600, maxAttempts: 8 },
    observer,
  });
  const open = module.open({
    database,
    unit: messaging.unit,
    observer,
    log: (event, fields) => log('info', event, { module: name, ...fields }),
  });

  const overview = createOverview(database);
  metrics.watch(name, { overview, database, broker, inProgress: open.inProgress });
  const operation = messagingRoutes({
    module: name,
    unit: messaging.unit,
    overview,
    failures: messaging.failures,
    onAction: (action, fields) => log('info', action, fields),
  });

  const facts = readFacts(database, module);

  return {
    name,
    readFacts: facts,
    routes: [open.routes, operation, factsRoutes(name, facts)],

    async ready() {
      const pending = await pendingNow().catch(() => undefined);
      if (pending === undefined) return { name, ok: false, detail: 'its database does not answer' };
      return pending.length === 0
        ? { name, ok: true }
        : { name, ok: false, detail: 'its database is not migrated' };
    },

    /** Waits for the database, its tables, and what must be in them. A database that goes away meanwhile is waited for again. */
    async prepare(signal: AbortSignal) {
      await waitUntil(
        async () => {
          if (config.migrate) {
            const applied = await migrate(database, migrations);
            // Of a database that was brought along nobody needs to know.
            if (applied.length > 0 && config.services) log('info', 'migrated', { module: name, applied });
          } else if ((await pendingMigrations(database, migrations)).length > 0) return false;
          if (config.seedDemo) await open.seedDemo?.();
          return true;
        },
        { what: `${name}'s database`, signal, log },
      );
    },

    async start(signal: AbortSignal) {
      await waitUntil(
        async () => {
          await messaging.listen(module.handles, open.handle);
          return true;
        },
        { what: `${name}'s database`, signal, log },
      );
      for (const clock of open.clocks) clock.start();
      await open.warmUp?.();
    },

    hangUp: () => open.hangUp?.(),

    async stop() {
      await Promise.all(open.clocks.map((clock) => clock.stop()));
      await open.close?.();
      await messaging.stop();
    },

    async close() {
      await broker.close();
      await Promise.all([database.close(), probe.close()]);
    },
  };
}

/** Returns what asks with `ask`, once at a time: who comes meanwhile gets the same answer. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/**
 * Brings the databases of the modules to the newest schema, each as soon as it is there. Returns the names of what was applied, by
 * module.
 */
export async function migrateAll(
  config: Config,
  log: Log,
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<ModuleName, readonly string[]>>>> {
  const applied: Partial<Record<ModuleName, readonly string[]>> = {};
  for (const name of config.modules) {
    const url = config.services?.databaseUrls[name] ?? '';
    const database = openDatabase({
      url,
      name: `order-saga migrate ${name}`,
      prepare: config.databasePrepare,
      maxConnections: 1,
    });
    try {
      await waitUntil(
        async () => {
          applied[name] = await migrate(database, [
            ...outboxMigrations,
            ...createModule(name, config).migrations,
          ]);
          return true;
        },
        { what: `${name}'s database`, signal, log },
      );
    } finally {
      await database.close();
    }
  }
  return applied;
}

/** RabbitMQ where the configuration names it. */
export function externalServices(services: NonNullable<Config['services']>, log: Log): Services {
  return {
    databaseUrls: services.databaseUrls,
    connectBroker: rabbit({
      url: services.amqpUrl,
      onEvent: ({ kind, ...fields }) => log(kind === 'connected' ? 'info' : 'warn', `broker ${kind}`, fields),
    }),
  };
}
