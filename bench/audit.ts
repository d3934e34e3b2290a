/**
 * How fast the audit is on this machine, over orders of every outcome that SQL has made: `npm run bench:audit -- [--orders 100000]`.
 * PostgreSQL shares the cores.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { audit, type Sources } from '../src/audit/audit.ts';
import { moduleNames, readConfig } from '../src/config.ts';
import { startPostgres } from '../src/embedded/postgres.ts';
import { readFacts } from '../src/modules/facts.ts';
import { migrate, openDatabase, outboxMigrations } from '../src/outbox/index.ts';
import { createModule } from '../src/service.ts';
import { makeFolder, removeFolder } from '../test/support/folder.ts';
import { type Databases, fillShop } from '../test/support/orders.ts';

const { values } = parseArgs({ options: { orders: { type: 'string', default: '100000' } } });
const orders = Number(values.orders);

const dataDir = await makeFolder();
const keeper = [process.execPath, 'dist/main.js', '__keeper'];
const postgres = await startPostgres({ dataDir, databases: moduleNames, keeper });
const opened = moduleNames.map((name) => {
  // The filling may take longer than the 30 s that a module's role is given.
  const url = `${postgres.adminUrl.slice(0, -'postgres'.length)}${name}`;
  const database = openDatabase({ url, name: 'bench', maxConnections: 2 });
  return { name, database, module: createModule(name, readConfig('audit', {})) };
});

try {
  for (const { database, module } of opened)
    await migrate(database, [...outboxMigrations, ...module.migrations]);
  const databases = Object.fromEntries(opened.map(({ name, database }) => [name, database]));
  await fillShop(databases as unknown as Databases, orders);
  const sources = Object.fromEntries(
    opened.map(({ name, database, module }) => [name, readFacts(database, module)]),
  ) as unknown as Sources;
  console.log(`${cpus().length} cores, Node ${process.version}`);
  for (let round = 1; round <= 3; round += 1) {
    let peakBytes = 0;
    const watch = setInterval(() => {
      peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    }, 20);
    const report = await audit(sources, { graceSeconds: 60, maxExamples: 10 });
    clearInterval(watch);
    if (!report.clean || report.orders !== orders) throw new Error(JSON.stringify(report));
    console.log(
      `${report.orders} orders audited in ${report.tookSeconds.toFixed(1)} s, ${Math.round(peakBytes / 1e6)} MB at most`,
    );
  }
} finally {
  await Promise.all(opened.map(({ database }) => database.close()));
  await postgres.stop();
  await removeFolder(dataDir);
}
