/** What the program can be asked: serve (default), migrate, audit, token, gateway-simulator, --help, --version. */

import { auditCommand } from './audit/command.ts';
import { type Config, ConfigError, describeVariables, readConfig, version } from './config.ts';
import { createApp, listen, openToAll, PortInUse } from './http/index.ts';
import { createGatewaySimulator } from './modules/payment/index.ts';
import { MigrationChanged } from './outbox/index.ts';
import { externalServices, migrateAll, type Service, startService } from './service.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { tokenCommand } from './token.ts';

const help = `order-saga ${version}: carries customers' orders through stock and payment to exactly one end.

Usage: node dist/main.js [command]

Commands:
  serve              run the modules (default)
  migrate            bring the modules' databases to the newest schema, as soon as they are there, then exit
  audit              compare what the modules say of every order; audit --help tells more
  token              make a token with AUTH_SECRET, for trying; token --help tells more
  gateway-simulator  a card processor for PAYMENT_GATEWAY=http to try and test against
  --help             this text
  --version          the version

Environment (each also as NAME_FILE, the path of a file that holds the value):
${describeVariables().join('\n')}

Nothing set: PostgreSQL and the broker are embedded, http://127.0.0.1:3000 serves everything.
Exit codes: 0 done, 1 failed (audit: findings), 2 wrong command, configuration, or a port in use.
`;

/** The longest graceful stop, in milliseconds: what still hangs then is given up (its messages and rows are safe). */
const stopWithinMs = 9_500;

/** Runs a command and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const [command = 'serve', ...rest] = args;
  if (rest.length > 0 && command !== 'audit' && command !== 'token')
    return wrong(`one command at most, not also ${rest.join(' ')}`);
  const log = createLog((line) => process.stdout.write(`${line}\n`), process.stdout.isTTY ? 'text' : 'json');
  try {
    switch (command) {
      case 'serve':
        return await serve(readConfig('serve'), log);
      case 'migrate':
        return await migrate(readConfig('migrate'), log);
      case 'gateway-simulator':
        return await simulateGateway(readConfig('gateway-simulator'), log);
      case 'audit':
        return await auditCommand(rest, {
          out: (text) => process.stdout.write(text),
          // On one line, which the next one overwrites.
          progress: process.stderr.isTTY ? (text) => process.stderr.write(`\r\x1b[K${text}`) : undefined,
        });
      case 'token':
        return await tokenCommand(rest, (text) => process.stdout.write(text));
      case '--help':
      case '-h':
      case 'help':
        process.stdout.write(help);
        return 0;
      case '--version':
      case '-v':
        process.stdout.write(`${version}\n`);
        return 0;
      case '__keeper': {
        const { runKeeper } = await import('./embedded/keeper.ts');
        await runKeeper();
        return 0;
      }
      default:
        return wrong(`there is no command ${command}`);
    }
  } catch (error) {
    if (error instanceof ConfigError) return wrong(...error.faults);
    if (error instanceof PortInUse) return wrong(error.message);
    if (error instanceof MigrationChanged) return failed(error.message);
    log('error', 'failed', { error });
    return 1;
  }
}

function wrong(...faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`order-saga: ${fault}\n`);
  return 2;
}

function failed(reason: string): number {
  process.stderr.write(`order-saga: ${reason}\n`);
  return 1;
}

/** Waits for the databases, as `serve` does. A stop meanwhile is a failure: nothing, or not everything, has been migrated. */
async function migrate(config: Config, log: Log): Promise<number> {
  const abort = new AbortController();
  const stopSignal = nextStopSignal();
  const outcome = await Promise.race([migrateAll(config, log, abort.signal), stopSignal]);
  abort.abort();
  if (typeof outcome === 'string') return failed(`not migrated: stopped by ${outcome}`);
  log('info', 'migrated', { applied: outcome });
  return 0;
}

async function serve(config: Config, log: Log): Promise<number> {
  const stopSignal = nextStopSignal();
  let own: Awaited<ReturnType<typeof startEmbedded>>;
  try {
    own = await startEmbedded(config);
  } catch (error) {
    // Each says in one line what to do: another program has the folder, it cannot be written, the package is missing.
    return wrong(error instanceof Error ? error.message : String(error));
  }
  try {
    const services = own ?? (config.services && externalServices(config.services, log));
    if (!services) throw new Error('there are no services');
    const service = await startService(config, services, log);
    await own?.announce(service.url);
    const outcome = await Promise.race([stopSignal, service.started.then(() => undefined)]);
    if (outcome === undefined) {
      if (own) process.stdout.write(welcome(service, config));
      else log('info', 'serving', { url: service.url, modules: config.modules, version });
    }
    const signal = outcome ?? (await stopSignal);
    log('info', 'stopping', { signal });
    await within(stopWithinMs, service.stop(), () =>
      log('warn', 'gave up what still hung', { afterMs: stopWithinMs }),
    );
    return 0;
  } finally {
    await own?.stop();
  }
}

/** What is in hand at a stop may be a call that is never answered: it is not waited for long, in milliseconds. */
const simulatorGraceMs = 500;

async function simulateGateway(config: Config, log: Log): Promise<number> {
  const stopSignal = nextStopSignal();
  const app = createApp({
    routes: [createGatewaySimulator(config.gatewayToken)],
    // It asks for its own token, if it has one.
    guard: openToAll,
    ready: async () => [],
    onError: (error, request) => log('error', 'request failed', { ...request, error }),
  });
  const server = await listen(app, config.http);
  log('info', 'serving', { url: server.url, modules: ['gateway-simulator'], version });
  log('info', 'stopping', { signal: await stopSignal });
  await server.close({ graceMs: simulatorGraceMs });
  return 0;
}

/** Undefined: the services are named. */
async function startEmbedded(config: Config) {
  if (config.services) return undefined;
  const embedded = await import('./embedded/index.ts');
  return embedded.startEmbedded({
    dataDir: config.dataDir,
    databases: config.modules,
    keeper: [process.execPath, process.argv[1] ?? '', '__keeper'],
  });
}

/** The first SIGTERM or SIGINT is a wish; a second one is an order, and ends the program at once. */
function nextStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

async function within(ms: number, work: Promise<void>, onTimeout: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onTimeout();
      resolve();
    }, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

const welcome = ({ url }: Service, { dataDir }: Config) => `
order-saga ${version} serves ${url}
Embedded: PostgreSQL (three databases, kept in ${dataDir}) and the message broker (in this process).

Try:
  curl -s ${url}/orders -H 'content-type: application/json' \\
    -d '{"customerId":"cus_1","lines":[{"sku":"MUG-01","quantity":1}],"paymentToken":"tok_visa"}'
  curl -s '${url}/orders?customerId=cus_1'

`;
