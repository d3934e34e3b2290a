import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockTable, openTestDatabase } from '../../test/support/database.ts';
import { openProxy } from '../../test/support/proxy.ts';
import {
  type Database,
  type DatabaseOptions,
  DatabaseTimeout,
  OutcomeUnknown,
  openDatabase,
  type Sql,
} from './transaction.ts';

/** Past the proxy: what PostgreSQL itself thinks. */
const direct = await openTestDatabase('outbox');
const proxy = await openProxy(direct.url);
await direct.query((sql) => sql`create table written (n int primary key)`);
const uncaught: unknown[] = [];
const onUncaught = (error: unknown) => uncaught.push(error);
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);
let database: Database;
let unwatch = () => {};

const open = (options: Partial<DatabaseOptions> = {}) =>
  openDatabase({ url: proxy.url, name: 'through the proxy', maxConnections: 3, ...options });

beforeEach(async () => {
  await direct.query((sql) => sql`truncate written`);
  database = open();
});

afterEach(async () => {
  unwatch();
  proxy.resume();
  await database.close();
});

afterAll(async () => {
  await proxy.close();
  process.off('uncaughtException', onUncaught);
  process.off('unhandledRejection', onUncaught);
  expect(uncaught).toEqual([]);
});

const soon = (ms = 400) => ({ deadlineMs: performance.now() + ms });
const write = (n: number) => (sql: Sql) => sql`insert into written values (${n})`;
const written = async () =>
  (await direct.query((sql) => sql<{ n: number }[]>`select n from written order by n`)).map(({ n }) => n);
const pidOf = async (sql: Sql) => (await sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid ?? 0;
/** Backends that serve the database under test. */
const backends = () =>
  direct.query(
    async (sql) =>
      (await sql`select 1 from pg_stat_activity where application_name = 'through the proxy'`).length,
  );
const noBackends = () => expect.poll(backends, { timeout: 10_000 }).toBe(0);

/** How long it took to fail, and with what. */
async function failure(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const startMs = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - startMs };
}

/** Returns whether it has come to that. */
function stallAt(text: string, held?: 'answers'): () => boolean {
  let seen = false;
  unwatch = proxy.watch((bytes, from) => {
    if (from !== 'client' || !bytes.includes(text)) return;
    seen = true;
    proxy.stall(held);
  });
  return () => seen;
}

/** A connection is there: a deadline of less than a second is for the transaction alone. */
const warmUp = () => database.query((sql) => sql`select 1`);

/** A machine that stands still may let a deadline pass before there is anything to see. */
const maxTries = 5;

describe('a network that swallows everything', () => {
  test('before the first connection: a timeout at the deadline, and it works as soon as the network does', async () => {
    proxy.stall();
    const { error, ms } = await failure(database.query(write(1), soon()));
    expect(error).toBeInstanceOf(DatabaseTimeout);
    expect(ms).toBeLessThan(4_500);
    proxy.resume();
    await database.query(write(2), soon(5_000));
    expect(await written()).toEqual([2]);
  });

  test('in the middle of a transaction: a timeout, nothing is written, and PostgreSQL holds nothing any more', async () => {
    await warmUp();
    const { error, ms } = await failure(
      database.transaction(async (sql) => {
        await write(1)(sql);
        proxy.stall();
        await write(2)(sql);
      }, soon()),
    );
    expect(error).toBeInstanceOf(DatabaseTimeout);
    expect(ms).toBeLessThan(4_500);
    // Nobody can tell the backend; it ends its idle transaction by itself.
    await noBackends();
    proxy.resume();
    await direct.query(write(1));
    expect(await written()).toEqual([1]);
  });

  test('in the middle of a statement: a timeout, and PostgreSQL cancels what nobody waits for', async () => {
    await warmUp();
    stallAt('pg_sleep');
    const { error } = await failure(
      database.transaction(async (sql) => {
        await write(1)(sql);
        await sql`select pg_sleep(60)`;
      }, soon()),
    );
    expect(error).toBeInstanceOf(DatabaseTimeout);
    await noBackends();
    expect(await written()).toEqual([]);
  });

  test('with connections that lie idle: one caller finds out, the next ones get new connections', async () => {
    const pids = await Promise.all([1, 2, 3].map(() => database.transaction(pidOf)));
    proxy.stall();
    expect((await failure(database.transaction(pidOf, soon()))).error).toBeInstanceOf(DatabaseTimeout);
    proxy.resume();
    const next = await Promise.all([1, 2, 3].map(() => database.transaction(pidOf, soon(5_000))));
    expect(next.filter((pid) => pids.includes(pid))).toEqual([]);
  });

  test('for those who name no deadline too', async () => {
    const patient = open({ limitMs: 500 });
    await patient.query(write(1), soon(10_000));
    proxy.stall();
    expect((await failure(patient.query(write(2)))).error).toBeInstanceOf(DatabaseTimeout);
    proxy.resume();
    await patient.query(write(3), soon(10_000));
    expect(await written()).toEqual([1, 3]);
    await patient.close();
  });

  test('a close does not wait for a connection that cannot be opened', async () => {
    proxy.stall();
    const waiting = failure(database.query(write(1)));
    await expect.poll(() => proxy.connections.open).toBe(1);
    await database.close();
    expect((await waiting).error).toMatchObject({ name: 'DatabaseBusy' });
  });
});

describe('the commit', () => {
  test('is not sent after the deadline, though everything works', async () => {
    const { error } = await failure(
      database.transaction(async (sql) => {
        await write(1)(sql);
        await pause(600);
      }, soon()),
    );
    expect(error).toBeInstanceOf(DatabaseTimeout);
    await noBackends();
    expect(await written()).toEqual([]);
  });

  test('is not sent after the deadline, also if nobody had the time to look at the clock', async () => {
    await warmUp();
    let sent = false;
    unwatch = proxy.watch((bytes, from) => {
      sent ||= from === 'client' && bytes.includes('commit');
    });
    const { error } = await failure(
      database.transaction(async (sql) => {
        await write(1)(sql);
        const untilMs = performance.now() + 600;
        while (performance.now() < untilMs);
      }, soon()),
    );
    expect(error).toBeInstanceOf(DatabaseTimeout);
    expect(sent).toBe(false);
    expect(await written()).toEqual([]);
  });

  /** What becomes of a transaction whose commit is sent, and stalled. */
  async function stalled(held?: 'answers') {
    for (let tries = 1; ; tries += 1) {
      await warmUp();
      const sent = stallAt('commit', held);
      const outcome = await failure(database.transaction(write(1), soon()));
      if (sent() || tries === maxTries) return outcome;
      unwatch();
    }
  }

  test('swallowed on its way: the outcome is unknown, and what comes later finds nothing to commit', async () => {
    const { error, ms } = await stalled();
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(ms).toBeLessThan(4_500);
    await noBackends();
    unwatch();
    // The swallowed bytes arrive after all.
    proxy.resume();
    await database.query(write(2), soon(5_000));
    expect(await written()).toEqual([2]);
  });

  test('heard, but its answer swallowed: the outcome is unknown, and it is done', async () => {
    const { error } = await stalled('answers');
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(await written()).toEqual([1]);
  });

  test('its connection cut: the outcome is unknown, at once', async () => {
    unwatch = proxy.watch((bytes, from) => {
      if (from === 'client' && bytes.includes('commit')) proxy.cut();
    });
    const { error, ms } = await failure(database.transaction(write(1), soon(10_000)));
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(ms).toBeLessThan(5_000);
  });

  test('answered a little late is still an answer', async () => {
    async function answeredLate(n: number) {
      await warmUp();
      const { deadlineMs } = soon(500);
      unwatch = proxy.watch((bytes, from) => {
        if (from !== 'client' || !bytes.includes('commit')) return;
        proxy.stall('answers');
        setTimeout(() => proxy.resume(), deadlineMs + 50 - performance.now());
      });
      const { error } = await failure(database.transaction(write(n), { deadlineMs }));
      unwatch();
      return { error, isLate: performance.now() > deadlineMs };
    }
    // It is too late when the machine stands still for a third of a second just then.
    let n = 1;
    let outcome = await answeredLate(n);
    while (outcome.error && n < maxTries) {
      n += 1;
      outcome = await answeredLate(n);
    }
    expect(outcome).toEqual({ error: undefined, isLate: true });
    expect(await written()).toContain(n);
  });

  test('refused by PostgreSQL is no doubt', async () => {
    await direct.query((sql) => sql`create table late (n int unique deferrable initially deferred)`);
    const { error } = await failure(database.transaction((sql) => sql`insert into late values (1), (1)`));
    expect(error).toMatchObject({ name: 'PostgresError', code: '23505' });
  });
});

describe('PostgreSQL keeps the limits too', () => {
  const limitsOf = (of: Database, limits?: { deadlineMs: number }) =>
    of.transaction(async (sql) => {
      const [row] = await sql<{ statement: string; idle: string }[]>`
        select current_setting('statement_timeout') as statement,
          current_setting('idle_in_transaction_session_timeout') as idle`;
      return row;
    }, limits);
  const ms = (text: string | undefined) =>
    text?.endsWith('ms') ? Number.parseInt(text, 10) : Number.parseInt(text ?? '', 10) * 1_000;

  test('a deadline', async () => {
    const limits = soon(5_000);
    const row = await limitsOf(database, limits);
    expect(ms(row?.statement)).toBeGreaterThanOrEqual(limits.deadlineMs - performance.now());
    expect(ms(row?.statement)).toBeLessThanOrEqual(5_000);
    expect(row?.idle).toBe(row?.statement);
  });

  test('ten seconds without one', async () => {
    const { deadlineMs } = soon(10_000);
    const row = await limitsOf(database);
    expect(ms(row?.statement)).toBeGreaterThanOrEqual(deadlineMs - performance.now());
    expect(ms(row?.statement)).toBeLessThanOrEqual(10_000);
  });

  test('migrations take their time, but do not fall asleep over their locks', async () =>
    expect(await limitsOf(database, { deadlineMs: Number.POSITIVE_INFINITY })).toEqual({
      statement: '0',
      idle: '10s',
    }));

  test('who waits for a lock does not pile up behind it', async () => {
    const release = await lockTable(direct, 'written');
    let most = 0;
    for (let round = 0; round < 8; round += 1) {
      const outcomes = await Promise.all(
        Array.from({ length: 9 }, (_, n) => failure(database.query(write(n), soon(300)))),
      );
      expect(outcomes.every(({ error }) => error instanceof DatabaseTimeout)).toBe(true);
      most = Math.max(most, await backends());
    }
    // Three connections, three that they have replaced and that end by themselves, and on a slow machine three of the round before.
    expect(most).toBeLessThanOrEqual(9);
    await release();
    await database.query(write(1), soon(5_000));
    expect(await written()).toEqual([1]);
  });
});

test('a connection that is cut while it is being opened, at any byte, is an error and nothing worse', async () => {
  const openAndCutAfter = async (bytesLeft: number) => {
    let passed = 0;
    unwatch = proxy.watch((bytes) => {
      passed += bytes.length;
      if (passed > bytesLeft) proxy.cut();
    });
    const fresh = open({ maxConnections: 1 });
    await failure(fresh.query((sql) => sql`select 1`, soon(5_000)));
    unwatch();
    await fresh.query((sql) => sql`select 1`, soon(5_000));
    await fresh.close();
    return passed;
  };
  const total = await openAndCutAfter(Number.POSITIVE_INFINITY);
  for (let bytesLeft = 0; bytesLeft <= total; bytesLeft += 50) await openAndCutAfter(bytesLeft);
});

test('a server that refuses is an error at once for all who wait, whatever they wait for', async () => {
  await proxy.refuse();
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, n) => failure(database.query(write(n), soon(5_000)))),
  );
  expect(
    outcomes.every(({ error, ms }) => (error as { code: string }).code === 'ECONNREFUSED' && ms < 4_500),
  ).toBe(true);
  await proxy.accept();
  await database.query(write(1), soon(5_000));
  expect(await written()).toEqual([1]);
});

test('who was told that nothing happened finds nothing, whenever the network stalls', {
  timeout: 60_000,
}, async () => {
  let bytesLeft = 0;
  unwatch = proxy.watch((bytes) => {
    bytesLeft -= bytes.length;
    if (bytesLeft < 0) proxy.stall();
  });
  const done: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 25; round += 1) {
    bytesLeft = 200 + Math.floor(Math.random() * 6_000);
    proxy.resume();
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const n = round * 8 + i;
        const { error } = await failure(database.transaction(write(n), soon(200)));
        if (!error) done.push(n);
        else if (error instanceof OutcomeUnknown) unknown.push(n);
      }),
    );
  }
  bytesLeft = Number.POSITIVE_INFINITY;
  proxy.resume();
  await database.query(write(-1), soon(5_000));
  // Only those whose transaction is over in any case are left.
  await expect.poll(backends, { timeout: 10_000 }).toBeLessThanOrEqual(3);
  await expect.poll(written).toEqual(expect.arrayContaining(done));
  const there = (await written()).filter((n) => n >= 0);
  expect(there.filter((n) => !done.includes(n) && !unknown.includes(n))).toEqual([]);
  expect(done.length).toBeGreaterThan(0);
  expect(done.length).toBeLessThan(200);
});
