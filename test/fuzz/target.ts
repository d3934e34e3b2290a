/** The program under fire: one process with every module, on a RabbitMQ and databases that the test can look into. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { type Database, openDatabase, type Sql } from '../../src/outbox/index.ts';
import { patiently, type Stalls } from '../support/patience.ts';
import { createDatabase } from '../support/postgres.ts';
import { type Program, startProgram } from '../support/program.ts';
import { render } from './hostile.ts';
import { type AmqpInput, type Queue, queues } from './messages.ts';

export interface Target {
  readonly url: string;
  /** What the words `order#3`, `foreign#3`, `id#3` and `oldid#3` stand for in this run. */
  lookUp(word: string, n: number): string;
  /** Orders that are there, for `order#n`. */
  know(orderIds: readonly string[]): void;
  ask(
    path: string,
    body?: object,
    method?: string,
  ): Promise<{ status: number; content: Record<string, unknown> }>;
  publish(inputs: readonly AmqpInput[]): Promise<void>;
  /** Resolves when everything published before has been dealt with; false: it hangs. */
  caughtUp(): Promise<boolean>;
  look<Row extends object>(
    queue: Queue,
    statement: (sql: Sql) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]>;
  /** What it has done wrong since the last time: it died, wrote what it never should, or does not answer. */
  misbehaved(): Promise<string | undefined>;
  /** Starts it anew over empty queues: a finding must not hide the next one. */
  renew(): Promise<void>;
  /** Ends it and returns its exit code and how many messages each queue still holds. */
  end(): Promise<{ code: number | null; left: readonly number[] }>;
  close(): Promise<void>;
}

/** Nothing has moved for so long: far more than a batch takes on a busy machine. */
const hangsAfterMs = 10_000;
/** A request is never what fails, a connection is never lost to what it carries, and Node has nothing to warn of. */
const neverWritten = /request failed|is tried again|broker disconnected|Warning|uncaught|unhandled/i;

/** `stalls`: where the machine stood still, a 503 is its own. */
export async function openTarget(amqpUrl: string, stalls: Stalls): Promise<Target> {
  const created = await Promise.all(
    queues.map((queue) => createDatabase().then((database) => ({ queue, ...database }))),
  );
  const databases = Object.fromEntries(
    created.map(({ queue, url }) => [queue, openDatabase({ url, name: 'test', maxConnections: 2 })]),
  ) as Record<Queue, Database>;
  const env = {
    ...Object.fromEntries(created.map(({ queue, url }) => [`${queue.toUpperCase()}_DATABASE_URL`, url])),
    AMQP_URL: amqpUrl,
    SEED_DEMO: '1',
    // No token of these is silent: a call that takes longer than this would be a finding, and not a machine that stood still.
    GATEWAY_TIMEOUT_SECONDS: '30',
  };
  let program: Program = await startProgram(env);
  let seenOutput = 0;
  let orderIds: readonly string[] = [];
  const connection: ChannelModel = await connect(amqpUrl);
  const channel: ConfirmChannel = await connection.createConfirmChannel();
  // The broker's own refusal (a header that it reads): the test's fault, not the program's.
  channel.on('error', (error: Error) => process.stderr.write(`the test's channel: ${error.message}\n`));
  /** Ids of this run: the time of its start, and a number. */
  const startedAt = Date.now();
  const run = randomBytes(3).toString('hex');
  let marks = 0;

  const uuid = (time: number, version: number, n: number) => {
    const ms = time.toString(16).padStart(12, '0');
    return `${ms.slice(0, 8)}-${ms.slice(8)}-${version}000-8000-${n.toString(16).padStart(12, '0')}`;
  };

  function lookUp(word: string, n: number): string {
    if (word === 'order') return orderIds[n % Math.max(1, orderIds.length)] ?? uuid(startedAt, 4, n);
    if (word === 'foreign') return uuid(0, 4, n);
    return uuid(word === 'id' ? startedAt : startedAt - 20 * 86_400_000, 7, n);
  }

  async function publish(inputs: readonly AmqpInput[]): Promise<void> {
    for (const { queue, contentType, headers, copies, body } of inputs) {
      const bytes = render(body, lookUp);
      for (let copy = 0; copy < copies; copy += 1)
        channel.publish('', `order-saga.${queue}`, bytes, { contentType, headers, persistent: true });
    }
    await channel.waitForConfirms();
  }

  /** Something harmless at the end of every queue: what came before it has been dealt with when it has. */
  async function mark(): Promise<Record<Queue, string>> {
    marks += 1;
    const say = (queue: Queue, type: string, subject: string, data: object) => {
      const id = uuid(startedAt, 7, Number.parseInt(run, 16) * 2 ** 24 + marks * 4 + queues.indexOf(queue));
      const event = {
        specversion: '1.0',
        id,
        source: '/test',
        type,
        subject,
        time: new Date().toISOString(),
        data,
      };
      channel.publish('', `order-saga.${queue}`, Buffer.from(JSON.stringify(event)), {
        contentType: 'application/cloudevents+json',
      });
      return id;
    };
    const product = { sku: 'MARK', name: 'Mark', unitPrice: 1, currency: 'EUR', version: marks };
    const ids = {
      order: say('order', 'product.changed', 'MARK', product),
      stock: say('stock', 'stock.release', uuid(0, 4, 0), {}),
      payment: say('payment', 'payment.void', uuid(0, 4, 0), {}),
    };
    await channel.waitForConfirms();
    return ids;
  }

  /** How much a module has taken in or put aside: within a batch this moves while its queue does not. */
  const settled = async (queue: Queue) => {
    const [row] = await look<{ settled: number }>(
      queue,
      (sql) => sql`
        select (select count(*) from inbox) + (select coalesce(sum(seen), 0) from inbox_failures) as settled`,
    );
    return row?.settled;
  };

  const look: Target['look'] = (queue, statement) => databases[queue].query(statement);

  async function ask(path: string, body?: object, method = body === undefined ? 'GET' : 'POST') {
    const sent = {
      method,
      headers: { 'content-type': 'application/json', ...(body && { 'idempotency-key': randomUUID() }) },
      ...(body && { body: JSON.stringify(body) }),
    };
    const response = await patiently(
      () => fetch(`${program.url}${path}`, { ...sent, signal: AbortSignal.timeout(10_000) }),
      stalls.since,
    );
    return { status: response.status, content: (await response.json()) as Record<string, unknown> };
  }

  const waiting = () =>
    Promise.all(queues.map(async (queue) => (await channel.checkQueue(`order-saga.${queue}`)).messageCount));

  const end = async () => {
    const code = await program.end();
    const left = await waiting();
    return { code, left };
  };

  return {
    get url() {
      return program.url;
    },
    lookUp,
    know: (ids) => {
      orderIds = ids;
    },
    ask,
    publish,
    look,

    async caughtUp() {
      const ids = await mark();
      const handled = async (queue: Queue) =>
        (await look(queue, (sql) => sql`select from inbox where id = ${ids[queue]}`)).length > 0;
      let before = '';
      let lookAtMs = performance.now() + hangsAfterMs;
      for (;;) {
        const done = await Promise.all(queues.map(handled));
        if (done.every(Boolean)) return true;
        if (performance.now() > lookAtMs) {
          const now = `${await waiting()} ${await Promise.all(queues.map(settled))}`;
          if (now === before) return false;
          before = now;
          lookAtMs = performance.now() + hangsAfterMs;
        }
        await pause(25);
      }
    },

    async misbehaved() {
      const alive = await ask('/livez').catch((error: unknown) => ({ status: String(error) }));
      const output = program.output();
      const written = output.slice(seenOutput);
      seenOutput = output.length;
      const line = written.split('\n').find((text) => neverWritten.test(text));
      if (line) return `it wrote ${line.slice(0, 1_000)}`;
      return alive.status === 200 ? undefined : `/livez: ${alive.status}\n${written.slice(-2_000)}`;
    },

    async renew() {
      await program.end('SIGKILL');
      for (const queue of queues) await channel.purgeQueue(`order-saga.${queue}`);
      program = await startProgram(env);
      seenOutput = 0;
    },

    end,

    async close() {
      await program.end('SIGKILL');
      await connection.close();
      await Promise.all(queues.map((queue) => databases[queue].close()));
      await Promise.all(created.map(({ drop }) => drop()));
    },
  };
}
