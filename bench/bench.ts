/**
 * How fast it is on this machine, with real PostgreSQL (fsync on) and real RabbitMQ (quorum queues), all on the same cores as
 * the load: `npm run bench -- [--split] [--orders 10000] [--clients 64] [--seconds 20]`.
 */
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startPostgres } from '../src/embedded/postgres.ts';
import { openDatabase } from '../src/outbox/index.ts';
import { makeFolder, removeFolder } from '../test/support/folder.ts';
import { startProgram } from '../test/support/program.ts';
import { startRabbit } from '../test/support/rabbit.ts';

const { values } = parseArgs({
  options: {
    split: { type: 'boolean', default: false },
    orders: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '20' },
  },
});
const orders = Number(values.orders);
const clients = Number(values.clients);
const seconds = Number(values.seconds);

const names = ['order', 'stock', 'payment'];
const dataDir = await makeFolder();
const rabbitNode = await startRabbit();
if ('missing' in rabbitNode) throw new Error(rabbitNode.missing);
const keeper = [process.execPath, 'dist/main.js', '__keeper'];
const postgres = await startPostgres({ dataDir, databases: names, keeper });
const urls = Object.fromEntries(
  names.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, postgres.urls[name] ?? '']),
);
const env = { AMQP_URL: rabbitNode.url, SEED_DEMO: '1', ...urls };
const programs = values.split
  ? await Promise.all(names.map((name) => startProgram({ ...env, MODULE: name })))
  : [await startProgram(env)];
const orderUrl = programs[0]?.url ?? '';
const stockUrl = programs[1]?.url ?? orderUrl;
const database = openDatabase({ url: postgres.urls['order'] ?? '', name: 'bench', maxConnections: 2 });
const agent = new Agent({ keepAlive: true, maxSockets: clients });

const cart = JSON.stringify({
  customerId: 'cus_1',
  lines: [{ sku: 'MUG-01', quantity: 1 }],
  paymentToken: 'tok_visa',
});

try {
  await send(`${stockUrl}/products/MUG-01/receipts`, JSON.stringify({ quantity: 1_000_000 }));
  while ((await place()) !== 201) await pause(50);
  await settled();
  console.log(
    `${cpus().length} cores, Node ${process.version}, ${values.split ? 'three processes' : 'one process'}`,
  );
  await latency();
  await throughput();
} finally {
  await Promise.all(programs.map((program) => program.end()));
  await database.close();
  await postgres.stop();
  await rabbitNode.stop();
  await removeFolder(dataDir);
}

/** Closed loop: `clients` place one order after the other; the clock stops when the last saga has ended. */
async function throughput(): Promise<void> {
  let placed = 0;
  const startMs = performance.now();
  const client = async () => {
    while (placed < orders) {
      placed += 1;
      const status = await place();
      if (status !== 201) throw new Error(`an order was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const placedMs = performance.now() - startMs;
  await settled();
  const endedMs = performance.now() - startMs;
  const perSecond = (ms: number) => Math.round(orders / (ms / 1_000));
  console.log(
    `${orders} orders, ${clients} clients: ${perSecond(placedMs)} placed/s, ${perSecond(endedMs)} sagas ended/s`,
  );
}

/** Open loop: 50 orders a second, whatever the answer times; from the request to the confirmation in the database. */
async function latency(): Promise<void> {
  const startedMs = new Map<string, number>();
  const took: number[] = [];
  let placing = true;
  const watch = async () => {
    while (placing || startedMs.size > 0) {
      const ids = [...startedMs.keys()];
      const done = await database.query(
        (sql) =>
          sql<
            { id: string }[]
          >`select id from orders where id = any(${ids}::uuid[]) and status = 'confirmed'`,
      );
      for (const { id } of done) {
        took.push(performance.now() - (startedMs.get(id) ?? 0));
        startedMs.delete(id);
      }
      await pause(2);
    }
  };
  const watching = watch();
  const beginMs = performance.now();
  const placements: Promise<void>[] = [];
  for (let n = 0; n < 50 * seconds; n += 1) {
    await pause(Math.max(0, beginMs + n * 20 - performance.now()));
    const sentMs = performance.now();
    placements.push(placeWithId().then((id) => void startedMs.set(id, sentMs)));
  }
  await Promise.all(placements);
  placing = false;
  await watching;
  took.sort((a, b) => a - b);
  const at = (share: number) => `${Math.round(took[Math.floor(took.length * share)] ?? 0)} ms`;
  console.log(
    `50 orders/s for ${seconds} s, placed to confirmed: median ${at(0.5)}, 95 % ${at(0.95)}, 99 % ${at(0.99)}`,
  );
}

async function settled(): Promise<void> {
  // By the index of deadlines: every order that has not ended has one.
  const open = () => database.query((sql) => sql`select 1 from orders where deadline_at is not null limit 1`);
  while ((await open()).length > 0) await pause(10);
}

async function place(): Promise<number> {
  return (await send(`${orderUrl}/orders`, cart)).status;
}

async function placeWithId(): Promise<string> {
  const { id } = JSON.parse((await send(`${orderUrl}/orders`, cart)).text) as { id: string };
  return id;
}

function send(url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
