/**
 * Breaks the shop on purpose, for minutes, while customers order: `npm run chaos -- [--minutes 2] [--seed N] [--rate 20]`. Two of each
 * module as processes of their own, three PostgreSQL servers, a RabbitMQ node, and a network between them that can be cut. When the
 * faults stop, every order must be at its end within 60 s and the audit must be clean; otherwise the exit code is 1.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { orderCommands, orderEvents } from '../../src/contracts/order.ts';
import { paymentCommands, paymentReplies } from '../../src/contracts/payment.ts';
import { stockCommands, stockEvents, stockReplies } from '../../src/contracts/stock.ts';
import { openDatabase } from '../../src/outbox/index.ts';
import { freePorts } from '../support/ports.ts';
import { until } from '../support/until.ts';
import { startDuplicator } from './duplicator.ts';
import { startFaults } from './faults.ts';
import { startLoad } from './load.ts';
import { createRandom } from './random.ts';
import { supervise } from './supervisor.ts';
import { startBroker, startDatabase } from './surroundings.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rate: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});
const usage = 'npm run chaos -- [--minutes 2] [--seed N] [--rate orders a second]';
const [minutes, seed, rate] = [values.minutes, values.seed, values.rate].map(Number) as [
  number,
  number,
  number,
];
if (values.help || !(minutes > 0) || !Number.isInteger(seed) || !(rate > 0)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

/** What is promised. */
const endWithinMs = 60_000;
/** Where Stock comes late, Order's question waits for up to 30 s between its attempts. */
const openWithinMs = 80_000;
/** A program gives up what still hangs after 9.5 s, a RabbitMQ node is killed after 20. */
const clearUpWithinMs = 30_000;
const names = ['order', 'stock', 'payment'] as const;
const replicas = 2;
/** Enough for half an hour of customers. */
const units = 1_000_000;
/** Short, so that a minute holds many waits. */
const impatient = {
  STEP_TIMEOUT_SECONDS: '2',
  INQUIRY_AFTER_SECONDS: '5',
  FAILURE_RETRY_SECONDS: '1',
  GATEWAY_TIMEOUT_SECONDS: '1',
};

const startMs = performance.now();
const logs = await mkdtemp(join(tmpdir(), 'order-saga-chaos-'));
const say = (text: string) =>
  console.log(`${((performance.now() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${text}`);
say(`seed ${seed}, ${minutes} min, ${rate} orders/s; logs in ${logs}`);

const random = createRandom(seed);
const [broker, ...databases] = await Promise.all([startBroker(), ...names.map(startDatabase)]);
const ports = await freePorts(names.length * replicas);
const programs = names.flatMap((name, n) =>
  Array.from({ length: replicas }, (_, replica) => {
    const env = {
      MODULE: name,
      [`${name.toUpperCase()}_DATABASE_URL`]: databases[n]?.url ?? '',
      AMQP_URL: broker.url,
      PORT: String(ports[n * replicas + replica]),
      SEED_DEMO: '1',
      ...impatient,
    };
    return supervise(`${name} ${replica + 1}`, env, join(logs, `${name}-${replica + 1}.log`));
  }),
);
const urlsOf = (name: (typeof names)[number]) => {
  const first = names.indexOf(name) * replicas;
  return ports.slice(first, first + replicas).map((port) => `http://127.0.0.1:${port}`);
};
const orders = openDatabase({ url: databases[0]?.directUrl ?? '', name: 'chaos', maxConnections: 1 });

try {
  await openShop();
  const types = [
    orderCommands,
    orderEvents,
    stockCommands,
    stockReplies,
    stockEvents,
    paymentCommands,
    paymentReplies,
  ];
  const duplicator = startDuplicator(broker.node.url, types.flatMap(Object.keys), createRandom(seed + 1));
  const load = startLoad(urlsOf('order'), rate, createRandom(seed + 2));
  const faults = startFaults({ programs, databases, broker }, random, say);
  await pause(minutes * 60_000);
  await faults.stop();
  say('the faults have stopped');
  const calmMs = performance.now();
  await load.stop();
  const tookMs = await allEnd(calmMs);
  await duplicator.stop();
  const audit = await runAudit(calmMs);
  const found = await findAll(load.accepted);
  const unexpected = programs.flatMap((program) =>
    program.unexpected.map((how) => `${program.name}: ${how}`),
  );
  const codes = await Promise.all(programs.map((program) => program.stop()));
  const report = {
    seed,
    minutes,
    faults: Object.fromEntries([...faults.counts].sort()),
    copies: duplicator.copied(),
    accepted: load.accepted.size,
    cancelled: load.cancelled.size,
    refused: Object.fromEntries(load.refused),
    orders: found.outcomes,
    lost: found.lost,
    twice: found.twice,
    endedAfterSeconds: tookMs === undefined ? null : Math.round(tookMs / 100) / 10,
    audit: audit.code,
    unexpectedEnds: unexpected,
    stoppedCleanly: codes.every((code) => code === 0),
  };
  await writeFile(join(logs, 'report.json'), JSON.stringify(report, null, 2));
  console.log(JSON.stringify(report, null, 2));
  const good =
    tookMs !== undefined &&
    audit.code === 0 &&
    found.lost === 0 &&
    found.twice === 0 &&
    unexpected.length === 0 &&
    report.stoppedCleanly;
  if (good) await rm(logs, { recursive: true, force: true });
  else {
    console.log(audit.output);
    console.log(`repeat it with: npm run chaos -- --minutes ${minutes} --seed ${seed} --rate ${rate}`);
    process.exitCode = 1;
  }
} finally {
  await clearUp();
}

/** What still hangs is named and left: this process ends, and what it started holds pipes to it and ends with it. */
async function clearUp(): Promise<void> {
  const within = async (what: string, work: Promise<unknown>) => {
    const late = pause(clearUpWithinMs, 'late', { ref: false });
    if ((await Promise.race([work, late])) !== 'late') return;
    say(`${what} did not stop within ${clearUpWithinMs / 1_000} s`);
    process.exitCode = 1;
  };
  for (const program of programs) await within(program.name, program.stop());
  await within('the connection to the orders', orders.close());
  await within('RabbitMQ', broker.stop());
  for (const [n, database] of databases.entries())
    await within(`the database of ${names[n]}`, database.stop());
  // Its exit would wait for whatever is still open.
  setTimeout(() => {
    say(`still open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  }, clearUpWithinMs).unref();
}

/** Goods for everybody, and the first price list at Order. */
async function openShop(): Promise<void> {
  const post = (url: string, body: unknown) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then(
      ({ status }) => status,
      () => 0,
    );
  const [stockUrl = ''] = urlsOf('stock');
  for (const sku of ['PEN-01', 'MUG-01', 'CAP-01', 'TEE-01', 'BAG-01'])
    await until(
      `${sku} is received`,
      async () => (await post(`${stockUrl}/products/${sku}/receipts`, { quantity: units })) === 201,
    );
  const nothing = { customerId: 'cus_1', lines: [{ sku: 'NONE', quantity: 1 }], paymentToken: 'tok_visa' };
  for (const url of urlsOf('order'))
    await until('orders are taken', async () => (await post(`${url}/orders`, nothing)) === 422, openWithinMs);
  say('the shop is open');
}

/** How long it took until no order was open any more; undefined: longer than promised. */
async function allEnd(beginMs: number): Promise<number | undefined> {
  const open = () =>
    orders.query(
      (sql) => sql<{ open: number }[]>`select count(*) as open from orders where deadline_at is not null`,
    );
  for (;;) {
    const [row] = await open();
    const tookMs = performance.now() - beginMs;
    if (row?.open === 0) return tookMs;
    if (tookMs > endWithinMs) {
      say(`${row?.open} orders are still open`);
      return undefined;
    }
    await pause(100);
  }
}

/** Until it is clean, or the time is up: who was killed at the last moment has left claims, and they are made of ten seconds. */
async function runAudit(calmMs: number): Promise<{ code: number; output: string }> {
  for (;;) {
    const audit = await auditOnce();
    if (audit.code === 0 || performance.now() - calmMs > endWithinMs) return audit;
    await pause(1_000);
  }
}

async function auditOnce(): Promise<{ code: number; output: string }> {
  const env = Object.fromEntries(
    names.map((name, n) => [`${name.toUpperCase()}_DATABASE_URL`, databases[n]?.directUrl ?? '']),
  );
  const audit = promisify(execFile)(process.execPath, ['dist/main.js', 'audit', '--grace-seconds', '10'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    maxBuffer: 50_000_000,
  });
  return audit.then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

/** Every order that was answered with 201 is there, at its end, and nobody has two: each was asked for with one key, up to three times. */
async function findAll(
  accepted: ReadonlySet<string>,
): Promise<{ lost: number; twice: number; outcomes: Record<string, number> }> {
  const rows = await orders.query(
    (sql) => sql<{ status: string; count: number }[]>`select status, count(*) from orders group by status`,
  );
  const [known] = await orders.query(
    (sql) => sql<{ count: number }[]>`
      select count(*) from orders where id = any(${[...accepted]}::uuid[]) and step = 'done'`,
  );
  const twice = await orders.query(
    (sql) => sql`select customer_id from orders group by customer_id having count(*) > 1`,
  );
  return {
    lost: accepted.size - (known?.count ?? 0),
    twice: twice.length,
    outcomes: Object.fromEntries(rows.map(({ status, count }) => [status, count])),
  };
}
