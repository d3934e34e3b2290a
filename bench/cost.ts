/**
 * What one confirmed order costs: messages, packets and bytes on the wire; rows, bytes and log (WAL) in each database; processor time.
 * And what one quorum queue carries: `npm run bench:cost -- [--orders 5000] [--clients 64] [--packets 50000]`. Linux only, for /proc.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from 'amqplib';
import { startPostgres } from '../src/embedded/postgres.ts';
import { type Database, openDatabase } from '../src/outbox/index.ts';
import { makeFolder, removeFolder } from '../test/support/folder.ts';
import { startProgram } from '../test/support/program.ts';
import { startRabbit } from '../test/support/rabbit.ts';
import { until } from '../test/support/until.ts';
import { processorSeconds } from './processes.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '5000' },
    clients: { type: 'string', default: '64' },
    packets: { type: 'string', default: '50000' },
  },
});
const orders = Number(values.orders);
const perOrder = (count: number, digits = 1) => (count / orders).toFixed(digits).padStart(8);

const cart = { customerId: 'cus_1', lines: [{ sku: 'MUG-01', quantity: 1 }], paymentToken: 'tok_visa' };

const modules = ['order', 'stock', 'payment'] as const;
const started = await startRabbit();
if ('missing' in started) throw new Error(started.missing);
const rabbit = started;

/** A server for each module: PostgreSQL counts its log for the whole server. */
const servers = await Promise.all(
  modules.map(async (name) => {
    const dataDir = await makeFolder();
    const server = await startPostgres({
      dataDir,
      databases: [name],
      keeper: [process.execPath, 'dist/main.js', '__keeper'],
    });
    const admin = new URL(server.adminUrl);
    admin.pathname = `/${name}`;
    const database = openDatabase({ url: admin.href, name: 'cost', maxConnections: 1 });
    return { name, dataDir, server, database, url: server.urls[name] ?? '' };
  }),
);
/** Another company's: its books are no cost of ours. */
const processor = await startProgram({}, { args: ['gateway-simulator'] });
const programs = await Promise.all(
  servers.map(({ name, url }) =>
    startProgram({
      MODULE: name,
      [`${name.toUpperCase()}_DATABASE_URL`]: url,
      AMQP_URL: rabbit.url,
      SEED_DEMO: '1',
      PAYMENT_GATEWAY: 'http',
      GATEWAY_URL: processor.url,
    }),
  ),
);

try {
  const [orderUrl = '', stockUrl = ''] = programs.map(({ url }) => url);
  const post = (url: string, body: object) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await post(`${stockUrl}/products/MUG-01/receipts`, { quantity: 1_000_000 });
  const place = async () => (await post(`${orderUrl}/orders`, cart)).status;
  await until('orders are taken', async () => (await place()) === 201);
  await settled();

  const wire = await tap(rabbit.url);
  const before = await Promise.all(servers.map(({ database }) => measure(database)));
  const usedBefore = await usedSoFar();
  await inParallel(Number(values.clients), orders, async () => {
    const status = await place();
    if (status !== 201) throw new Error(`an order was answered with ${status}`);
  });
  await settled();
  const usedAfter = await usedSoFar();
  const after = await Promise.all(servers.map(({ database }) => measure(database)));

  console.log(`${orders} confirmed orders of one line, ${values.clients} clients; for each order:`);
  const { types, packets, bytes } = await wire.close();
  const messages = [...types.values()].reduce((sum, count) => sum + count, 0);
  for (const [type, count] of [...types].sort()) console.log(`  ${perOrder(count)} ${type}`);
  console.log(
    `  ${perOrder(messages)} messages in ${perOrder(packets, 2).trim()} packets, ${Math.round(bytes / messages)} bytes each`,
  );
  for (const [n, { name }] of servers.entries()) {
    const [from, to] = [before[n], after[n]];
    if (!from || !to) continue;
    console.log(`${name}, for each order:`);
    console.log(`  ${perOrder(to.commits - from.commits, 2)} transactions`);
    console.log(
      `  ${perOrder(to.walBytes - from.walBytes, 0)} bytes of WAL, ${perOrder(to.fullPages - from.fullPages, 2).trim()} full pages among it`,
    );
    for (const [table, now] of to.tables) {
      const then = from.tables.get(table) ?? { rows: 0, bytes: 0 };
      if (now.rows > then.rows)
        console.log(
          `  ${perOrder(now.rows - then.rows)} rows in ${table}, ${perOrder(now.bytes - then.bytes, 0).trim()} bytes with indexes`,
        );
    }
  }
  console.log('processor time, for each order:');
  for (const [who, seconds] of usedAfter)
    console.log(`  ${perOrder((seconds - (usedBefore.get(who) ?? 0)) * 1_000, 2)} ms ${who}`);
  for (const size of [bytes / messages, bytes / packets])
    await oneQueue(rabbit.url, Number(values.packets), Math.round(size));
} finally {
  await Promise.all([...programs, processor].map((program) => program.end()));
  for (const { database, server, dataDir } of servers) {
    await database.close();
    await server.stop();
    await removeFolder(dataDir);
  }
  await rabbit.stop();
}

/** Calls `work` `count` times, `width` of them at a time. */
async function inParallel(width: number, count: number, work: () => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      begun += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

async function settled(): Promise<void> {
  const open = (name: string, text: string) =>
    servers.find((server) => server.name === name)?.database.query((sql) => sql.unsafe(text));
  await until(
    'all sagas have ended',
    async () => {
      const rows = await Promise.all([
        open('order', 'select 1 from orders where deadline_at is not null limit 1'),
        open('stock', 'select 1 from reservations where inquire_at is not null limit 1'),
        open('payment', 'select 1 from payments where call_at is not null or inquire_at is not null limit 1'),
        ...modules.map((name) => open(name, 'select 1 from outbox limit 1')),
      ]);
      return rows.flat().length === 0;
    },
    120_000,
  );
}

/** Of each module's program and PostgreSQL, and of RabbitMQ. */
async function usedSoFar(): Promise<ReadonlyMap<string, number>> {
  const used = new Map<string, number>();
  for (const [n, { name, dataDir }] of servers.entries()) {
    used.set(name, processorSeconds(programs[n]?.pid ?? 0));
    const file = readFileSync(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8');
    used.set(`${name}'s PostgreSQL`, processorSeconds(Number.parseInt(file, 10)));
  }
  used.set('RabbitMQ', processorSeconds(Number(await rabbit.tell('list_to_integer(os:getpid()).'))));
  return used;
}

/** Counts of a server. A checkpoint first, so that every run pays for its own full pages. */
async function measure(database: Database) {
  await database.query((sql) => sql.unsafe('checkpoint'));
  const [counts] = await database.query(
    (sql) => sql<{ walBytes: number; fullPages: number; commits: number }[]>`
      select wal_bytes::float8 as "walBytes", wal_fpi::float8 as "fullPages",
        (select xact_commit::float8 from pg_stat_database where datname = current_database()) as commits
      from pg_stat_wal`,
  );
  const names = await database.query(
    (sql) => sql<{ name: string; bytes: number }[]>`
      select relname as name, pg_total_relation_size(oid)::float8 as bytes from pg_class
      where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_total_relation_size(oid) > 0`,
  );
  const tables = new Map<string, { rows: number; bytes: number }>();
  for (const { name, bytes } of names) {
    const [row] = await database.query(
      (sql) => sql<{ count: number }[]>`select count(*)::float8 as count from ${sql(name)}`,
    );
    tables.set(name, { rows: row?.count ?? 0, bytes });
  }
  if (!counts) throw new Error('PostgreSQL counts nothing');
  return { ...counts, tables };
}

/** Hears everything that is said, beside those who it is said to. */
async function tap(url: string) {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'order-saga', '#');
  const types = new Map<string, number>();
  let packets = 0;
  let bytes = 0;
  await channel.consume(
    queue,
    (packet) => {
      if (!packet) return;
      packets += 1;
      bytes += packet.content.length;
      const said = JSON.parse(packet.content.toString()) as { type: string } | { type: string }[];
      for (const { type } of [said].flat()) types.set(type, (types.get(type) ?? 0) + 1);
    },
    { noAck: true },
  );
  return {
    async close() {
      await until('all has been heard', async () => (await channel.checkQueue(queue)).messageCount === 0);
      await connection.close();
      return { types, packets, bytes };
    },
  };
}

/** One quorum queue: published with confirms, 1,000 unconfirmed, and consumed at the same time, 1,000 unacknowledged. */
async function oneQueue(url: string, count: number, size: number): Promise<void> {
  const connection = await connect(url);
  const queue = 'cost';
  const publishing = await connection.createConfirmChannel();
  await publishing.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const consuming = await connection.createChannel();
  await consuming.prefetch(1_000);
  const body = Buffer.alloc(size, 'x');
  const startMs = performance.now();
  let consumed = 0;
  const all = new Promise<void>((resolve) => {
    void consuming.consume(queue, (packet) => {
      if (!packet) return;
      consuming.ack(packet);
      consumed += 1;
      if (consumed === count) resolve();
    });
  });
  await inParallel(
    1_000,
    count,
    () =>
      new Promise<void>((resolve, reject) => {
        publishing.sendToQueue(queue, body, { persistent: true }, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
  );
  await all;
  const seconds = (performance.now() - startMs) / 1_000;
  console.log(
    `one quorum queue on one node: ${Math.round(count / seconds)} packets of ${size} bytes a second, in and out`,
  );
  await publishing.deleteQueue(queue);
  await connection.close();
}
