import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { jsonLines } from './arrays.ts';
import { DatabaseBusy, openDatabase, type Sql } from './transaction.ts';

const database = await openTestDatabase('outbox');
const other = openDatabase({ url: database.url, name: 'other', maxConnections: 2 });
const uncaught: unknown[] = [];
const onUncaught = (error: unknown) => uncaught.push(error);

beforeAll(async () => {
  process.on('uncaughtException', onUncaught);
  await database.query((sql) => sql`create table written (n int primary key)`);
});

afterAll(async () => {
  await other.close();
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
});

const written = async () =>
  (await database.query((sql) => sql<{ n: number }[]>`select n from written order by n`)).map(({ n }) => n);
const pidOf = async (sql: Sql) => (await sql<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid ?? 0;
const kill = (pid: number) => other.query((sql) => sql`select pg_terminate_backend(${pid}, 5000)`);

test('what is done in a transaction is there after it, and not before', async () => {
  await database.transaction(async (sql) => {
    await sql`insert into written values (1)`;
    expect(await other.query((elsewhere) => elsewhere`select * from written where n = 1`)).toHaveLength(0);
  });
  expect(await written()).toContain(1);
});

test('arrays go in and come out as they are', async () => {
  const texts = ['a', '', 'null', 'NULL', 'a,b', '{}', '"', '\\', '\\"', ' ', 'ä\n€', null];
  const [row] = await database.query(
    (sql) => sql`
      select ${texts}::text[] as texts, ${[]}::text[] as none, ${[1, -2.5]}::float8[] as floats, ${[1, 2]}::integer[] as integers,
        ${[1, 9_007_199_254_740_991]}::bigint[] as bigints, array[true, false, null] as booleans,
        array['2026-01-02T03:04:05.678Z'::timestamptz] as times,
        ${['0199c8a2-0000-7000-8000-000000000000']}::uuid[] as uuids,
        (select count(*) from unnest(${texts}::text[])) as count`,
  );
  expect(row).toEqual({
    texts,
    none: [],
    floats: [1, -2.5],
    integers: [1, 2],
    bigints: [1, 9_007_199_254_740_991],
    booleans: [true, false, null],
    times: [new Date('2026-01-02T03:04:05.678Z')],
    uuids: ['0199c8a2-0000-7000-8000-000000000000'],
    count: texts.length,
  });
});

test('an error undoes all of it and is thrown on', async () => {
  const failing = database.transaction(async (sql) => {
    await sql`insert into written values (2)`;
    throw new RangeError('no');
  });
  await expect(failing).rejects.toThrow(new RangeError('no'));
  expect(await written()).not.toContain(2);
});

test('a failed statement whose error was swallowed cannot pass for a commit', async () => {
  const failing = database.transaction(async (sql) => {
    await sql`insert into written values (3)`;
    await sql`select 1 / 0`.catch(() => {});
  });
  await expect(failing).rejects.toThrow('rolled back');
  expect(await written()).not.toContain(3);
});

test('what travels with the commit is part of it: it fails, nothing is written', async () => {
  const failing = database.transaction((sql) => sql`insert into written values (10)`, {
    last: (sql) => [sql`insert into written values (11), (1 / 0)`],
  });
  await expect(failing).rejects.toThrow('division by zero');
  await database.transaction((sql) => sql`insert into written values (12)`, {
    last: (sql) => [sql`insert into written values (13)`],
  });
  expect((await written()).filter((n) => n >= 10)).toEqual([12, 13]);
});

test('JSON documents go in as they are, a line each', async () => {
  const documents = ['{"a":"b\\nc"}', null, '[]', '"\\u2028 \\"quoted\\" \\\\"', '{}'];
  const rows = await database.query(
    (sql) => sql<{ json: string | null }[]>`select unnest(${jsonLines(sql, documents)}) as json`,
  );
  expect(rows.map(({ json }) => json)).toEqual(documents);
  expect(await database.query((sql) => sql`select unnest(${jsonLines(sql, [])})`)).toEqual([]);
});

test('statements that need no answer happen together or not at all', async () => {
  await database.write((sql) => [sql`insert into written values (20)`, sql`insert into written values (21)`]);
  const failing = database.write((sql) => [
    sql`insert into written values (22)`,
    sql`insert into written values (1 / 0)`,
  ]);
  await expect(failing).rejects.toThrow('division by zero');
  const kept = await database.query((sql) => sql`select n from written where n between 20 and 29 order by n`);
  expect(kept.map(({ n }) => n)).toEqual([20, 21]);
});

test('a plan that is kept from when its table was empty takes the index, and never reads all of it', async () => {
  const one = openDatabase({ url: database.url, name: 'one', maxConnections: 1 });
  await one.query((sql) => sql`create table kept (id integer primary key)`);
  await one.query((sql) => sql`analyze kept`);
  const scans = async () => {
    await one.query((sql) => sql`select pg_stat_force_next_flush()`);
    const [row] = await database.query(
      (sql) => sql<{ all: number }[]>`select seq_scan as all from pg_stat_user_tables where relname = 'kept'`,
    );
    return row?.all;
  };
  const before = await scans();
  const find = () =>
    one.transaction((sql) => sql`select from kept join unnest(${[7]}::integer[]) as wanted (id) using (id)`, {
      keepPlans: true,
    });
  for (let n = 0; n < 6; n += 1) await find();
  await one.query((sql) => sql`insert into kept select generate_series(1, 20000)`);
  expect(await find()).toHaveLength(1);
  expect(await scans()).toBe(before);
  await one.close();
});

test('a statement that comes after the end of its failed transaction runs nowhere', async () => {
  let late: Promise<unknown> = Promise.resolve();
  const failing = database.transaction(async (sql) => {
    const slow = async () => {
      await sql`select pg_sleep(0.05)`;
      await sql`insert into written values (4)`;
    };
    late = slow();
    await Promise.all([late, sql`select 1 / 0`]);
  });
  await expect(failing).rejects.toThrow();
  await expect(late).rejects.toThrow();
  expect(await written()).not.toContain(4);
});

test('a backend killed during a query: nothing is written, the next transaction works', async () => {
  const failing = database.transaction(async (sql) => {
    const pid = await pidOf(sql);
    await sql`insert into written values (5)`;
    await Promise.all([sql`select pg_sleep(30)`, kill(pid)]);
  });
  await expect(failing).rejects.toThrow();
  await database.transaction((sql) => sql`insert into written values (6)`);
  expect(await written()).not.toContain(5);
  expect(await written()).toContain(6);
});

test('a backend killed between two statements: the second does not run in another transaction', async () => {
  const failing = database.transaction(async (sql) => {
    await sql`insert into written values (7)`;
    await kill(await pidOf(sql));
    await sql`insert into written values (8)`;
  });
  await expect(failing).rejects.toThrow();
  expect(await written()).not.toContain(7);
  expect(await written()).not.toContain(8);
});

test('a backend killed before the commit: nothing is written and it is known', async () => {
  const failing = database.transaction(async (sql) => {
    await sql`insert into written values (9)`;
    await kill(await pidOf(sql));
  });
  await expect(failing).rejects.toThrow();
  expect(await written()).not.toContain(9);
});

test('backends killed while they are idle are replaced', async () => {
  const pids = await Promise.all([1, 2, 3].map(() => database.transaction(pidOf)));
  for (const pid of pids) await kill(pid);
  await expect.poll(() => database.transaction(async () => 'works').catch(() => 'fails')).toBe('works');
});

test('many kills at random moments: every transaction is all or nothing', { timeout: 30_000 }, async () => {
  await database.query((sql) => sql`create table pairs (id int, half int, primary key (id, half))`);
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, id) =>
      database
        .transaction(async (sql) => {
          const pid = await pidOf(sql);
          const killed = id % 3 === 0 ? kill(pid).catch(() => {}) : undefined;
          await sql`insert into pairs values (${id}, 1)`;
          await sql`insert into pairs values (${id}, 2)`;
          await killed;
        })
        .then(
          () => true,
          () => false,
        ),
    ),
  );
  const halves = await database.query(
    (sql) =>
      sql<
        { id: number; count: number }[]
      >`select id, count(*)::int as count from pairs group by id order by id`,
  );
  expect(halves.every(({ count }) => count === 2)).toBe(true);
  expect(halves.map(({ id }) => id)).toEqual(outcomes.flatMap((done, id) => (done ? [id] : [])));
  expect(outcomes.filter((done) => !done).length).toBeGreaterThan(0);
});

test('no more connections than allowed; the others wait their turn', async () => {
  const two = openDatabase({ url: database.url, name: 'two', maxConnections: 2 });
  // Each holds its connection for a moment: one that is quick would serve them all.
  const pids = await Promise.all(
    Array.from({ length: 10 }, () =>
      two.transaction(async (sql) => {
        await sql`select pg_sleep(0.1)`;
        return pidOf(sql);
      }),
    ),
  );
  expect(new Set(pids).size).toBe(2);
  await two.close();
});

test('close waits for what is in hand and refuses what comes after', async () => {
  const closing = openDatabase({ url: database.url, name: 'closing', maxConnections: 1 });
  let inHand: Promise<unknown> = Promise.resolve();
  await new Promise<void>((begun) => {
    inHand = closing.transaction(async (sql) => {
      begun();
      await sql`select pg_sleep(0.1)`;
    });
  });
  const waiting = closing.transaction((sql) => sql`select 1`);
  await Promise.all([closing.close(), inHand, expect(waiting).rejects.toThrow(DatabaseBusy)]);
  await expect(closing.query((sql) => sql`select 1`)).rejects.toThrow(DatabaseBusy);
});

test('a database that is not there is an error of the environment, at once', async () => {
  const nowhere = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', name: 'nowhere' });
  await expect(nowhere.query((sql) => sql`select 1`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await nowhere.close();
});
