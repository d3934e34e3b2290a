/** `order-saga audit`: finds the facts, compares them, and says what is wrong. */
import { parseArgs } from 'node:util';
import { type Config, ConfigError, type ModuleName, moduleNames, readConfig } from '../config.ts';
import { readFacts } from '../modules/facts.ts';
import { type Database, openDatabase, outboxMigrations, pendingMigrations } from '../outbox/index.ts';
import { createModule } from '../service.ts';
import { audit, defaultGraceSeconds, type Report, type Sources } from './audit.ts';
import { doorFacts } from './doors.ts';
import { toText } from './table.ts';

const help = `Compares what Order, Stock and Payment say of every order, and tells what cannot be.

Usage: node dist/main.js audit [--json] [--grace-seconds N]

  --json            the report as JSON, with up to 100 examples of each finding
  --grace-seconds   how long the modules may differ [${defaultGraceSeconds}]

It reads the databases (ORDER_DATABASE_URL, STOCK_DATABASE_URL, PAYMENT_DATABASE_URL), or asks the modules where only their doors are
known (ORDER_URL, STOCK_URL, PAYMENT_URL; where they ask for a token, ADMIN_TOKEN with the scope admin). PAYMENT_GATEWAY is to be what Payment has: it says whose books are here. Nothing set: the embedded databases of DATA_DIR, whether the program runs or not.
Exit codes: 0 clean, 1 findings, 2 wrong use or configuration, or it could not be read.
`;

/** A person reads ten; who needs all of them asks for JSON. */
const examplesForPeople = 10;
const examplesForMachines = 100;

export interface Terminal {
  out(text: string): void;
  /** Undefined: nobody watches. */
  progress: ((text: string) => void) | undefined;
}

/** Returns the exit code: 0 clean, 1 findings. Throws `ConfigError` where it is used wrongly or nothing can be read. */
export async function auditCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    terminal.out(help);
    return 0;
  }
  const { json, graceSeconds } = options;
  const config = readConfig('audit');
  const opened = await open(config);
  let report: Report;
  try {
    report = await audit(opened.sources, {
      graceSeconds,
      maxExamples: json ? examplesForMachines : examplesForPeople,
      onProgress: (orders) => terminal.progress?.(`${orders.toLocaleString('en')} orders read`),
    });
  } catch (error) {
    throw new ConfigError([`the audit could not be done: ${error instanceof Error ? error.message : error}`]);
  } finally {
    terminal.progress?.('');
    await opened.close();
  }
  terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : toText(report));
  return report.clean ? 0 : 1;
}

function readOptions(
  args: readonly string[],
): 'help' | { readonly json: boolean; readonly graceSeconds: number } {
  const values = parse(args);
  if (values.help) return 'help';
  const { json = false, 'grace-seconds': grace = String(defaultGraceSeconds) } = values;
  const graceSeconds = Number(grace);
  if (grace.trim() === '' || !(graceSeconds >= 0 && graceSeconds <= 86_400))
    throw new ConfigError(['--grace-seconds must be a number of seconds, 0 to 86400']);
  return { json, graceSeconds };
}

function parse(args: readonly string[]) {
  const options = {
    json: { type: 'boolean' },
    'grace-seconds': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigError([`audit: ${error instanceof Error ? error.message : error}`]);
  }
}

/** Where the facts are: databases, doors, or the databases that were brought along. */
async function open(config: Config): Promise<{ readonly sources: Sources; close(): Promise<void> }> {
  const visit = config.services ? undefined : await visitEmbedded(config);
  const urls = config.services?.databaseUrls ?? visit?.urls ?? {};
  const databases: Database[] = [];
  const close = async () => {
    await Promise.all(databases.map((database) => database.close()));
    await visit?.stop();
  };

  async function source(name: ModuleName) {
    const url = urls[name];
    if (url === undefined) return doorFacts(name, config.doors[name] ?? '', config.adminToken);
    const { databasePrepare: prepare } = config;
    const database = openDatabase({ url, name: `order-saga audit ${name}`, prepare, maxConnections: 1 });
    databases.push(database);
    const module = createModule(name, config);
    const pending = await pendingMigrations(database, [...outboxMigrations, ...module.migrations]);
    if (pending.length > 0)
      throw new Error(`${name}'s database is not migrated: ${pending.join(', ')} missing`);
    return readFacts(database, module);
  }

  try {
    const [order, stock, payment] = await Promise.all([source('order'), source('stock'), source('payment')]);
    return { sources: { order, stock, payment }, close };
  } catch (error) {
    await close();
    throw new ConfigError([error instanceof Error ? error.message || String(error) : String(error)]);
  }
}

async function visitEmbedded(config: Config) {
  const { visitPostgres } = await import('../embedded/index.ts');
  try {
    return await visitPostgres({
      dataDir: config.dataDir,
      databases: moduleNames,
      keeper: [process.execPath, process.argv[1] ?? '', '__keeper'],
    });
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}
