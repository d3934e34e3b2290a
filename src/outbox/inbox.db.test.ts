import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import * as v from 'valibot';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createScriptedBroker } from '../../test/support/broker.ts';
import { openTestDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { createConsumer } from './consumer.ts';
import { createDispatcher } from './dispatcher.ts';
import { createFailures } from './failures.ts';
import { DeadMessage, DeadMessages } from './faults.ts';
import { createInbox, type Handle } from './inbox.ts';
import { compose, type Message } from './message.ts';
import type { Observer } from './observe.ts';
import { createUnitOfWork } from './outbox.ts';
import { createRetention } from './retention.ts';
import { type Database, openDatabase } from './transaction.ts';

const database = await openTestDatabase('outbox');
await createRetention(database).runOnce();
await database.query((sql) => sql`create table effects (message uuid, word text)`);
await database.query((sql) => sql`create table firsts (id uuid primary key)`);

beforeEach(async () => {
  await database.query((sql) => sql`truncate inbox, inbox_starts, inbox_failures, effects, outbox`);
});

const handles = { say: v.object({ subject: v.string(), data: v.object({ word: v.string() }) }) };

/** Writes one effect for each message; words that begin with `bad` cannot be handled. */
const writeEffects: Handle = async ({ sql }, messages) => {
  for (const { id, data } of messages) {
    const { word } = data as { word: string };
    await sql`insert into effects values (${id}, ${word})`;
    if (word.startsWith('bad')) throw new Error(`cannot say ${word}`);
    if (word.startsWith('dead')) throw new DeadMessage('never', { onceFor: 'one and the same' });
  }
};

/** A service that takes in what it is told. */
function service(
  handle: Handle = writeEffects,
  on: Database = database,
  observer: Observer = {},
  keepTryingMs = 60_000,
) {
  const broker = createScriptedBroker();
  const unit = createUnitOfWork({
    database: on,
    source: '/test',
    dispatcher: createDispatcher({ database: on, broker, news: [] }),
  });
  const policy = { firstSeconds: 10, maxSeconds: 60, maxAttempts: 3 };
  const failures = createFailures({ database: on, unit, policy, observer });
  const inbox = createInbox({ database: on, unit, handles, handle, failures });
  return {
    broker,
    failures,
    receive: (...messages: Message[]) => inbox.receive(messages.map((message) => ({ message }))),
    /** What was delivered before and not acknowledged. */
    again: (...messages: Message[]) =>
      inbox.receive(messages.map((message) => ({ message, redelivered: true }))),
    retries: failures.retries({ handles, handle }),
    consumer: createConsumer({ broker, database: on, inbox, observer, keepTryingMs }),
  };
}

const say = (word: string, id?: string): Message => ({
  ...compose({ type: 'say', subject: 'someone', data: { word } }, '/other', new Date()),
  ...(id && { id }),
});

const words = async () =>
  (await database.query((sql) => sql<{ word: string }[]>`select word from effects`))
    .map(({ word }) => word)
    .sort();
const parked = () =>
  database.query(
    (sql) => sql<
      { id: string; error: string; attempts: number; seen: number; dead: boolean; type: string | null }[]
    >`
      select id, type, error, attempts, seen, next_attempt_at is null as dead from inbox_failures order by parked_at, id`,
  );
const waitingForLocks = async () =>
  (
    await database.query(
      (sql) => sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
  ).length;
const makeDue = () =>
  database.query(
    (sql) => sql`update inbox_failures set next_attempt_at = now() where next_attempt_at is not null`,
  );

describe('a batch', () => {
  test('takes effect as a whole', async () => {
    await service().receive(say('a'), say('b'), say('c'));
    expect(await words()).toEqual(['a', 'b', 'c']);
  });

  test('a message that comes again has no effect again, in the same batch or later', async () => {
    const { receive } = service();
    const message = say('a');
    await receive(message, message, say('b'));
    await receive(message);
    expect(await words()).toEqual(['a', 'b']);
  });

  test('two consumers with the same messages at the same moment: one effect each', async () => {
    const messages = Array.from({ length: 50 }, (_, n) => say(`w${n}`));
    const mixed = [...messages].reverse();
    await Promise.all([
      service().receive(...messages),
      service().receive(...mixed),
      service().receive(...messages.slice(10), ...messages.slice(0, 10)),
    ]);
    expect(await words()).toHaveLength(50);
  });

  test('two consumers with the same messages in opposite order do not wait for each other in a circle', async () => {
    const [first, middle, last] = [say('a'), say('b'), say('c')];
    let both: Promise<unknown> = Promise.resolve();
    await database.transaction(async (sql) => {
      await sql`insert into inbox (id) values (${middle.id})`;
      both = Promise.all([service().receive(first, middle, last), service().receive(last, middle, first)]);
      await until('both wait', async () => (await waitingForLocks()) === 2);
      await sql`delete from inbox where id = ${middle.id}`;
    });
    await both;
    expect(await words()).toEqual(['a', 'b', 'c']);
  });

  test('one guilty message is parked, its neighbours take effect', async () => {
    await service().receive(say('a'), say('bad b'), say('c'));
    expect(await words()).toEqual(['a', 'c']);
    expect(await parked()).toMatchObject([
      { error: 'Error: cannot say bad b', attempts: 1, dead: false, type: 'say' },
    ]);
  });

  test('one guilty message of a hundred costs a few transactions', async () => {
    let transactions = 0;
    const { receive } = service(async (unit, messages) => {
      transactions += 1;
      await writeEffects(unit, messages);
    });
    const messages = Array.from({ length: 100 }, (_, n) => say(n === 42 ? 'bad' : `w${n}`));
    await receive(...messages);
    expect(await words()).toHaveLength(99);
    expect(await parked()).toHaveLength(1);
    expect(transactions).toBeLessThan(20);
  });

  test('of a batch whose handler tells which are dead, and why, all of those cost one transaction', async () => {
    let transactions = 0;
    const { receive } = service(async (unit, messages) => {
      transactions += 1;
      const dead = messages.filter(({ data }) => (data as { word: string }).word.startsWith('dead'));
      if (dead.length > 0)
        throw new DeadMessages(
          new Map(dead.map(({ id, subject }) => [id, new DeadMessage(`never: ${subject}`)])),
        );
      await writeEffects(unit, messages);
    });
    const messages = Array.from({ length: 100 }, (_, n) => say(n % 10 ? `w${n}` : `dead ${n}`));
    await receive(...messages);
    await receive(...messages);
    expect(await words()).toHaveLength(90);
    const kept = await parked();
    expect(kept).toHaveLength(10);
    expect(kept[0]).toMatchObject({ error: 'DeadMessage: never: someone', dead: true, seen: 1 });
    expect(transactions).toBe(2);
  });

  test('an old message skips the inbox and takes effect', async () => {
    const old = say('old', uuidv7({ msecs: Date.now() - 30 * 86_400_000 }));
    await service().receive(old);
    expect(await words()).toEqual(['old']);
    const bad = say('bad', uuidv7({ msecs: Date.now() - 30 * 86_400_000 }));
    await service().receive(bad);
    await service().receive(bad);
    expect(await parked()).toMatchObject([{ seen: 1 }]);
  });
});

describe('a row that somebody else has written meanwhile', () => {
  const insert: Handle = async ({ sql, write }, messages) => {
    for (const { id } of messages) write(sql`insert into firsts values (${id})`);
  };
  const writtenMeanwhile = (messages: readonly Message[]) =>
    database.query(
      (sql) => sql`insert into firsts select * from unnest(${messages.map(({ id }) => id)}::uuid[])`,
    );
  const remembered = async () =>
    (await database.query((sql) => sql<{ id: string }[]>`select id from inbox order by id`)).map(
      ({ id }) => id,
    );
  const firsts = () => database.query((sql) => sql<{ id: string }[]>`select id from firsts order by id`);

  beforeEach(() => database.query((sql) => sql`truncate firsts`));

  test('is found when the same is tried again, at once', async () => {
    let tries = 0;
    const { receive } = service(async (unit, messages) => {
      tries += 1;
      const found = await unit.sql`select 1 from firsts`;
      if (found.length > 0) return;
      await writtenMeanwhile(messages);
      await insert(unit, messages);
    });
    const messages = [say('a'), say('b')];
    await receive(...messages);
    expect([tries, await firsts(), await remembered(), await parked()]).toEqual([
      2,
      messages.map(({ id }) => ({ id })).sort((a, b) => (a.id < b.id ? -1 : 1)),
      messages.map(({ id }) => id).sort(),
      [],
    ]);
  });

  test('and is the fault of the message that cannot do without', async () => {
    const [good, guilty] = [say('good'), say('guilty')];
    await writtenMeanwhile([guilty]);
    await service(insert).receive(good, guilty);
    expect([await remembered(), await parked()]).toMatchObject([[good.id], [{ id: guilty.id }]]);
  });
});

describe('what cannot be handled', () => {
  test.each([
    ['an unknown type', { ...say('a'), type: 'shout' }, 'type shout is not handled here'],
    [
      'a type that only an object has',
      { ...say('a'), type: 'constructor' },
      'type constructor is not handled here',
    ],
    ['invalid data', { ...say('a'), data: { word: 7 } }, 'invalid say: data.word should be string'],
    ['an id without a time', say('a', uuidv4()), 'the id is no UUIDv7 of today or before'],
    [
      'an id of next week',
      say('a', uuidv7({ msecs: Date.now() + 7 * 86_400_000 })),
      'the id is no UUIDv7 of today or before',
    ],
  ])('%s is dead at once, its neighbour is not', async (_, message, error) => {
    await service().receive(message, say('good'));
    expect(await words()).toEqual(['good']);
    expect(await parked()).toMatchObject([{ error: `DeadMessage: ${error}`, dead: true }]);
  });

  test('what is no message at all is kept once, however often it comes', async () => {
    const { broker, consumer } = service();
    consumer.start();
    const outcomes = await broker.deliver(
      Buffer.from('{oops'),
      [say('good'), { id: 'x' }],
      Buffer.from('{oops'),
    );
    expect(outcomes).toEqual(['acknowledged', 'acknowledged', 'acknowledged']);
    await consumer.stop();
    expect(await words()).toEqual(['good']);
    const kept = (await parked()).sort((one, other) => other.seen - one.seen);
    expect(kept).toMatchObject([
      { error: 'DeadMessage: not JSON', seen: 2, dead: true, type: null },
      { error: expect.stringContaining('no CloudEvent'), seen: 1, dead: true },
    ]);
  });

  test.each([
    ['nested without end', Buffer.from(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)],
    ['an id that only looks like one', { ...say('a'), id: '0199a000-0000-7-and-so-on' }],
    ['NUL and half a character', { ...say('a'), type: 'sh\u0000\ud800ut', subject: '\u0000\udfff' }],
    ['a batch in a batch', [[say('a')]]],
    ['far too long', Buffer.alloc(1_000_000, 'x')],
    ['nothing', Buffer.of()],
  ])('%s stops nobody: it is kept, and the next message takes effect', async (_, body) => {
    const { broker, consumer } = service(writeEffects, database, {}, 1_000);
    consumer.start();
    expect(await broker.deliver(body, say('good'))).toEqual(['acknowledged', 'acknowledged']);
    await consumer.stop();
    expect(await words()).toEqual(['good']);
    expect(await parked()).toMatchObject([{ dead: true, seen: 1 }]);
  });

  test('what is dead at once is put aside together, each for itself: 1,200 of them in a few transactions', async () => {
    let transactions = 0;
    const counted: Database = {
      ...database,
      transaction(work, options) {
        transactions += 1;
        return database.transaction(work, options);
      },
    };
    const told: string[] = [];
    const { receive } = service(writeEffects, counted, { parked: ({ id }) => told.push(id) });
    const dead = Array.from({ length: 1_200 }, () => ({ ...say('a'), type: 'shout' }));
    await receive(...dead, say('good'));
    expect(transactions).toBeLessThan(6);
    expect(await words()).toEqual(['good']);
    const kept = (await parked()).map(({ id }) => id).sort();
    expect(kept).toEqual(dead.map(({ id }) => id).sort());
    expect([...told].sort()).toEqual(kept);
  });

  test('messages that tell the same fault again and again are one failure', async () => {
    await service().receive(say('dead 1'), say('dead 2'), say('good'));
    expect(await parked()).toMatchObject([{ error: 'DeadMessage: never', seen: 2, dead: true }]);
    expect(await words()).toEqual(['good']);
  });
});

/** So many failures that there are already; on a slow machine they take their time. */
const fill = (count: number) =>
  database.query(
    (sql) => sql`
      insert into inbox_failures (id, message, error)
      select gen_random_uuid(), 'null', 'x' from generate_series(1, ${count}::integer)`,
    { deadlineMs: Number.POSITIVE_INFINITY },
  );

test('more than 100,000 failures: of what is dead at once only the number is kept, what could be handled is kept', {
  timeout: 60_000,
}, async () => {
  await fill(100_000);
  const known = { ...say('a'), type: 'shout' };
  await database.query(
    (sql) =>
      sql`update inbox_failures set id = ${known.id} where id = (select id from inbox_failures limit 1)`,
  );
  await service().receive(known, { ...say('b'), type: 'shout' }, { ...say('c'), type: 'shout' }, say('bad'));
  const rows = await database.query(
    (sql) => sql<{ error: string; seen: number }[]>`
      select error, seen from inbox_failures where error <> 'x' or seen > 1 order by error`,
  );
  expect(rows).toEqual([
    { error: 'Error: cannot say bad', seen: 1 },
    { error: 'there are 100000 failures already: what came after them was not kept', seen: 2 },
    { error: 'x', seen: 2 },
  ]);
});

test('the last places are given away, one after the other, and what is there already needs none', {
  timeout: 60_000,
}, async () => {
  await fill(99_997);
  const shout = (n: number) => ({ ...say(`shout ${n}`), type: 'shout' });
  const known = shout(0);
  await service().receive(known);
  // Two places are left.
  const [first, ...others] = [1, 2, 3, 4].map(shout);
  if (first) await service().receive(known, first, first, ...others);
  const rows = await database.query(
    (sql) => sql<{ id: string; seen: number }[]>`
      select id, seen from inbox_failures where error <> 'x' order by failed_at, seen`,
  );
  expect(rows.map(({ seen }) => seen).sort()).toEqual([1, 2, 2, 2]);
  expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([known.id, first?.id]));
  const [all] = await database.query((sql) => sql<{ count: number }[]>`select count(*) from inbox_failures`);
  expect(all?.count).toBe(100_000 + 1);
});

test('far from that many they are not counted each time, and yet no replica goes a thousand beyond', {
  timeout: 60_000,
}, async () => {
  const shout = (n: number) => ({ ...say(`shout ${n}`), type: 'shout' });
  const replica = service();
  await fill(98_998);
  await replica.receive(shout(1));
  // Others have filled the table meanwhile.
  await fill(1_001);
  for (const from of [2, 602])
    await replica.receive(...Array.from({ length: 600 }, (_, n) => shout(from + n)));
  const [row] = await database.query((sql) => sql<{ count: number }[]>`select count(*) from inbox_failures`);
  // 98,998 and the one that was counted, 1,001 of others, the first six hundred of the thousand that it was sure of; then it has counted
  // again, and one row counts the rest.
  expect(row?.count).toBe(98_998 + 1 + 1_001 + 600 + 1);
});

describe('a parked message', () => {
  test('is not handled when it comes again', async () => {
    const message = say('bad');
    await service().receive(message);
    await service(async () => {
      throw new Error('must not be called');
    }).receive(message);
    expect(await parked()).toMatchObject([{ error: 'Error: cannot say bad', seen: 1 }]);
  });

  test('is retried when it is due, takes effect and is forgotten', async () => {
    const message = say('bad for now');
    await service().receive(message);
    const healed = service(async ({ sql }, [one]) => {
      await sql`insert into effects values (${one?.id ?? null}, 'healed')`;
    });
    await healed.retries.runOnce();
    expect(await words()).toEqual([]);
    await makeDue();
    await healed.retries.runOnce();
    expect(await words()).toEqual(['healed']);
    expect(await parked()).toEqual([]);
    await healed.receive(message);
    expect(await words()).toEqual(['healed']);
  });

  test('is dead after its last attempt, and told so', async () => {
    const told: object[] = [];
    const { receive, retries } = service(writeEffects, database, { parked: (event) => told.push(event) });
    await receive(say('bad'));
    for (let attempt = 2; attempt <= 3; attempt += 1) {
      await makeDue();
      await retries.runOnce();
      expect(await parked()).toMatchObject([{ attempts: attempt, dead: attempt === 3 }]);
    }
    expect(told).toMatchObject([{ dead: false }, { dead: false }, { dead: true }]);
    // Enough to find it, nothing of its content: that may hold a secret.
    for (const event of told)
      expect(Object.keys(event).sort()).toEqual(['attempts', 'dead', 'error', 'id', 'subject', 'type']);
    await makeDue();
    await retries.runOnce();
    expect(await parked()).toMatchObject([{ attempts: 3 }]);
  });

  test('that is dead can be redriven', async () => {
    const message = say('dead');
    await service().receive(message);
    const [failure] = await parked();
    const healed = service(async ({ sql }) => {
      await sql`insert into effects values (null, 'redriven')`;
    });
    expect(await healed.failures.redrive([failure?.id ?? ''])).toBe(1);
    await healed.retries.runOnce();
    expect(await words()).toEqual(['redriven']);
    expect(await parked()).toEqual([]);
  });

  test('that is discarded counts as handled', async () => {
    const message = say('bad');
    const { receive, failures } = service();
    await receive(message);
    expect(await failures.discard([message.id])).toBe(1);
    expect(await parked()).toEqual([]);
    await service(async () => {
      throw new Error('must not be called');
    }).receive(message);
    expect(await parked()).toEqual([]);
  });

  test('counts an attempt before it is made, and gives it back when the environment is at fault', async () => {
    await service().receive(say('bad'));
    await makeDue();
    const seen: object[] = [];
    const sick = service(async () => {
      seen.push(...(await parked()));
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    });
    await expect(sick.retries.runOnce()).rejects.toThrow('gone');
    expect(seen).toMatchObject([{ attempts: 2, dead: false }]);
    expect(await parked()).toMatchObject([{ attempts: 1, dead: false }]);
  });

  test('whose last attempt ended the process is dead when it is due again', async () => {
    await service().receive(say('bad'));
    await makeDue();
    await database.query((sql) => sql`update inbox_failures set attempts = 3`);
    await service(async () => {
      throw new Error('must not be called');
    }).retries.runOnce();
    expect(await parked()).toMatchObject([
      { attempts: 3, dead: true, error: 'its last attempt did not come to an end' },
    ]);
  });

  test('is retried by one of two replicas', async () => {
    await service().receive(say('bad'));
    await makeDue();
    let calls = 0;
    const slow: Handle = async ({ sql }) => {
      calls += 1;
      await sql`select pg_sleep(0.1)`;
    };
    await Promise.all([service(slow).retries.runOnce(), service(slow).retries.runOnce()]);
    expect(calls).toBe(1);
    expect(await parked()).toEqual([]);
  });
});

describe('a message that was delivered before', () => {
  const starts = () => database.query((sql) => sql<{ starts: number }[]>`select starts from inbox_starts`);
  const startedBy = (run: string, ...messages: Message[]) =>
    database.query(
      (sql) =>
        sql`insert into inbox_starts (id, run) select id, ${run} from unnest(${messages.map(({ id }) => id)}::uuid[]) as id`,
    );

  test('is started together with its neighbours the first time; the start is written down first', async () => {
    const seen: (readonly object[])[] = [];
    const { again } = service(async (unit, messages) => {
      seen.push(await starts());
      await writeEffects(unit, messages);
    });
    await again(say('a'), say('b'));
    expect(seen).toEqual([[{ starts: 1 }, { starts: 1 }]]);
    expect(await starts()).toEqual([]);
    expect(await words()).toEqual(['a', 'b']);
  });

  test('walks alone when it was started before, and takes effect', async () => {
    const sizes: number[] = [];
    const { again } = service(async (unit, messages) => {
      sizes.push(messages.length);
      await writeEffects(unit, messages);
    });
    const [a, b, c] = [say('a'), say('b'), say('c')];
    await startedBy(uuidv7(), a, b);
    await again(a, b, c, say('d'));
    expect(sizes).toEqual([2, 1, 1]);
    expect(await starts()).toEqual([]);
    expect(await words()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is parked at its third start, in three runs', async () => {
    const message = say('a');
    await startedBy(uuidv7(), message);
    await database.query((sql) => sql`update inbox_starts set starts = 2`);
    await service().again(message, say('b'));
    expect(await words()).toEqual(['b']);
    expect(await parked()).toMatchObject([
      { error: 'Error: its handling has ended the process 3 times', dead: false },
    ]);
    expect(await starts()).toEqual([]);
  });

  test('that one run starts again and again, its database being sick, is not to blame', async () => {
    let failures = 5;
    const { again } = service(async (unit, messages) => {
      failures -= 1;
      if (failures >= 0) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      await writeEffects(unit, messages);
    });
    const message = say('a');
    for (let n = 0; n < 5; n += 1) await expect(again(message)).rejects.toThrow('gone');
    await again(message);
    expect(await words()).toEqual(['a']);
    expect(await parked()).toEqual([]);
  });
});

describe('a consumer', () => {
  test('takes what has gathered as one batch', async () => {
    const batches: number[] = [];
    const { broker, consumer } = service(async ({ sql }, messages) => {
      batches.push(messages.length);
      await sql`select 1`;
    });
    consumer.start();
    const first = broker.deliver(say('a'), say('b'));
    await expect.poll(() => batches).toEqual([2]);
    await Promise.all([first, broker.deliver(...Array.from({ length: 20 }, (_, n) => say(`w${n}`)))]);
    await consumer.stop();
    expect(batches).toEqual([2, 20]);
  });

  test('the environment parks nothing: the batch is tried again until it succeeds', async () => {
    const retries: number[] = [];
    let failures = 3;
    const { broker, consumer } = service(
      async (unit, messages) => {
        failures -= 1;
        if (failures >= 0)
          throw Object.assign(new Error('deadlock'), { name: 'PostgresError', code: '40P01' });
        await writeEffects(unit, messages);
      },
      database,
      { failed: ({ retryInMs }) => retries.push(retryInMs) },
    );
    consumer.start();
    expect(await broker.deliver(say('a'))).toEqual(['acknowledged']);
    await consumer.stop();
    expect(retries).toEqual([100, 200, 400]);
    expect(await words()).toEqual(['a']);
    expect(await parked()).toEqual([]);
  });

  test('an environment that stays sick: the batch goes back, and the consumer comes again when the database answers', async () => {
    let sick = true;
    const { broker, consumer } = service(
      async (unit, messages) => {
        if (sick) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
        await writeEffects(unit, messages);
      },
      database,
      {},
      250,
    );
    consumer.start();
    expect(await broker.deliver(say('a'))).toEqual(['requeued']);
    sick = false;
    await expect.poll(() => broker.subscriptions).toEqual({ subscribed: 2, cancelled: 1 });
    expect(await broker.deliver(say('a'))).toEqual(['acknowledged']);
    await consumer.stop();
    expect(await words()).toEqual(['a']);
  });

  test('backends killed under it: every message takes effect once', async () => {
    const own = openDatabase({ url: database.url, name: 'victim' });
    afterAll(() => own.close());
    const { broker, consumer } = service(async (unit, messages) => {
      await writeEffects(unit, messages);
      if (Math.random() < 0.3) {
        const [{ pid } = { pid: 0 }] = await unit.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
        await database.query((sql) => sql`select pg_terminate_backend(${pid}, 5000)`);
      }
    }, own);
    consumer.start();
    for (let n = 0; n < 20; n += 1) await broker.deliver(say(`w${n}`), say(`v${n}`));
    await consumer.stop();
    expect(await words()).toHaveLength(40);
    expect(await parked()).toEqual([]);
  });

  test('a stop finishes the batch in hand and gives the rest back', async () => {
    let entered = () => {};
    let release = () => {};
    const inHand = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { broker, consumer } = service(async (unit, messages) => {
      entered();
      await gate;
      await writeEffects(unit, messages);
    });
    consumer.start();
    const first = broker.deliver(say('first'));
    await inHand;
    const second = broker.deliver(say('second'));
    const stopped = consumer.stop();
    release();
    await stopped;
    expect(await first).toEqual(['acknowledged']);
    expect(await second).toEqual(['requeued']);
    expect(await words()).toEqual(['first']);
  });
});
