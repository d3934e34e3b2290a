/**
 * The program with one trap in it: the very service that `dist/main.js` serves, behind ports of which one ends it as `kill -9`
 * would. `node dist/crash.js <point> <what> [withheld types]`; everything else is told as to the program itself.
 */
import { readConfig } from '../../src/config.ts';
import { ledgerInDatabase } from '../../src/modules/payment/gateway/ledger.ts';
import { createSimulatedGateway } from '../../src/modules/payment/gateway/simulated.ts';
import { type Database, openDatabase } from '../../src/outbox/index.ts';
import { externalServices, startService } from '../../src/service.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { isPoint, traps, withhold } from './traps.ts';

/** A trap that nothing springs must not outlive its test. */
const longestLifeMs = 110_000;
setTimeout(() => process.exit(1), longestLifeMs);

const [point = '', what = '', ...withheld] = process.argv.slice(2);
if (!isPoint(point)) throw new Error(`there is no point ${point}`);
const log = createLog((line) => process.stdout.write(`${line}\n`), 'json');
const config = readConfig('serve');
if (!config.services) throw new Error('databases and a broker must be named');
const ports = {
  ...externalServices(config.services, log),
  openDatabase,
  createGateway: (database: Database) => createSimulatedGateway(ledgerInDatabase(database)),
};
const service = await startService(config, traps[point](withhold(ports, withheld), what), log);
await service.started;
log('info', 'serving', { url: service.url });
