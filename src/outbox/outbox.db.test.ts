import { beforeEach, describe, expect, test } from 'vitest';
import { createScriptedBroker } from '../../test/support/broker.ts';
import { openTestDatabase } from '../../test/support/database.ts';
import { PublishRefused } from './broker.ts';
import { createDispatcher } from './dispatcher.ts';
import { newId } from './id.ts';
import { decode } from './message.ts';
import { claim, createUnitOfWork } from './outbox.ts';
import { createRelay } from './relay.ts';
import { messageStore, unsent } from './store.ts';

const database = await openTestDatabase('outbox');

beforeEach(() => database.query((sql) => sql`truncate outbox`));

/** A service with its outbox, beside a broker that obeys. */
function service() {
  const broker = createScriptedBroker();
  const refusals: string[] = [];
  const dispatcher = createDispatcher({
    database,
    broker,
    news: ['order.cancelled'],
    observer: { refused: ({ error }) => refusals.push(error) },
  });
  return {
    broker,
    refusals,
    dispatcher,
    unit: createUnitOfWork({ database, source: '/test', dispatcher }),
    relay: createRelay({ database, dispatcher }),
  };
}

const draft = (subject: string, type = 'stock.reserve') => ({ type, subject, data: { n: 1 } });
const rows = () =>
  database.query(
    (sql) => sql<
      { id: string; subject: string; attempts: number; last_error: string | null; leased: boolean }[]
    >`
      select id, subject, attempts, last_error, leased_until > clock_timestamp() as leased from outbox order by id`,
  );
const expireLeases = () =>
  database.query((sql) => sql`update outbox set leased_until = now() - interval '1 hour'`);
const subjectsOf = (body: Buffer) =>
  decode(body, new Date()).map((entry) => ('message' in entry ? entry.message.subject : entry.fault));
const sent = (broker: ReturnType<typeof createScriptedBroker>) =>
  broker.published.flatMap(({ body }) => subjectsOf(body));

describe('the unit of work', () => {
  test('state and messages commit together; what was sent is deleted', async () => {
    const { broker, unit } = service();
    const message = await unit.run(async ({ sql, send }) => {
      await sql`create table if not exists state (id int)`;
      await sql`insert into state values (1)`;
      return send(draft('order-1'));
    });
    await expect.poll(rows).toEqual([]);
    expect(broker.published).toHaveLength(1);
    const [entry] = decode(broker.published[0]?.body ?? Buffer.of(), new Date());
    expect(entry).toMatchObject({ message: { id: message.id, source: '/test', data: { n: 1 }, attempt: 1 } });
    expect(await database.query((sql) => sql`select * from state`)).toHaveLength(1);
  });

  test('they vanish together, and nobody is told', async () => {
    const { broker, unit } = service();
    let told = false;
    const failing = unit.run(async ({ sql, send, onCommit }) => {
      await sql`create table vanished (id int)`;
      send(draft('order-1'));
      onCommit(() => {
        told = true;
      });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rows()).toEqual([]);
    expect(broker.published).toEqual([]);
    expect(told).toBe(false);
    expect(await database.query((sql) => sql`select to_regclass('vanished') as table`)).toEqual([
      { table: null },
    ]);
  });

  test('a commit that fails sends nothing', async () => {
    const { broker, unit } = service();
    const failing = unit.run(async ({ sql, send }) => {
      await sql`create table halves (id int primary key, other int references halves deferrable initially deferred)`;
      await sql`insert into halves values (1, 2)`;
      send(draft('order-1'));
    });
    await expect(failing).rejects.toMatchObject({ code: '23503' });
    expect(await rows()).toEqual([]);
    expect(broker.published).toEqual([]);
  });

  test('a listener hears of the commit after it', async () => {
    const { unit } = service();
    const inside = await unit.run(async ({ onCommit }) => {
      let committed = false;
      onCommit(() => {
        committed = true;
      });
      return () => committed;
    });
    expect(inside()).toBe(true);
  });

  test('what a service does not say is not sent, and what was done with it is undone', async () => {
    const { broker, dispatcher } = service();
    const unit = createUnitOfWork({ database, source: '/test', says: ['stock.reserve'], dispatcher });
    await unit.run(async ({ send }) => send(draft('order-1')));
    await expect.poll(rows).toEqual([]);
    const saying = unit.run(async ({ send }) => {
      send(draft('order-2'));
      send(draft('order-2', 'stock.sell'));
    });
    await expect(saying).rejects.toThrow('/test does not say stock.sell');
    expect(await rows()).toEqual([]);
    expect(sent(broker)).toEqual(['order-1']);
  });

  test('while the broker is away messages wait, and are known as unsent', async () => {
    const { broker, unit } = service();
    broker.ready = false;
    const message = await unit.run(async ({ send }) => send(draft('order-1')));
    expect(await rows()).toMatchObject([{ id: message.id, attempts: 0, leased: true }]);
    expect(await database.query((sql) => unsent(sql, [message.id]))).toEqual(new Set([message.id]));
  });
});

describe('the dispatcher', () => {
  test('packs what waits by type, in order, and marks news as not mandatory', async () => {
    const { broker, unit, dispatcher } = service();
    const confirms: (() => void)[] = [];
    broker.answer = () => new Promise((resolve) => confirms.push(resolve));
    // Four packets of a type are in flight; the rest gathers meanwhile.
    for (let n = 1; n <= 8; n += 1) await unit.run(async ({ send }) => send(draft(`order-${n}`)));
    await unit.run(async ({ send }) => send(draft('order-9', 'order.cancelled')));
    expect(broker.published.map(({ body }) => subjectsOf(body).length)).toEqual([1, 1, 1, 1, 1]);
    expect(broker.published.map(({ mandatory }) => mandatory)).toEqual([true, true, true, true, false]);
    for (const confirm of confirms.splice(0)) confirm();
    await expect.poll(() => broker.published.length).toBe(6);
    expect(subjectsOf(broker.published[5]?.body ?? Buffer.of())).toEqual([
      'order-5',
      'order-6',
      'order-7',
      'order-8',
    ]);
    for (const confirm of confirms.splice(0)) confirm();
    await dispatcher.stop();
    expect(await rows()).toEqual([]);
  });

  test('a packet holds 100 messages and 256 KiB at most', async () => {
    const { broker, unit, dispatcher } = service();
    await unit.run(async ({ send }) => {
      for (let n = 0; n < 250; n += 1) send(draft(`order-${n}`));
      for (let n = 0; n < 5; n += 1) send({ ...draft(`big-${n}`, 'big'), data: 'x'.repeat(100_000) });
    });
    await dispatcher.stop();
    const sizes = broker.published.map(({ routingKey, body }) => [routingKey, subjectsOf(body).length]);
    expect(sizes).toEqual([
      ['stock.reserve', 100],
      ['stock.reserve', 100],
      ['stock.reserve', 50],
      ['big', 2],
      ['big', 2],
      ['big', 1],
    ]);
  });

  test('a refusal is counted, kept and backed off; it is no loss', async () => {
    const { broker, unit, relay, refusals } = service();
    broker.answer = async () => {
      throw new PublishRefused('no queue takes stock.reserve');
    };
    await unit.run(async ({ send }) => send(draft('order-1')));
    await expect.poll(rows).toMatchObject([{ attempts: 1, last_error: expect.stringContaining('no queue') }]);
    expect(refusals).toHaveLength(1);
    broker.answer = async () => {};
    await expireLeases();
    await relay.runOnce();
    expect(await rows()).toEqual([]);
    expect(decode(broker.published[1]?.body ?? Buffer.of(), new Date())).toMatchObject([
      { message: { attempt: 2 } },
    ]);
  });

  test('no answer is not counted', async () => {
    const { broker, unit, dispatcher } = service();
    broker.answer = async () => {
      throw new Error('silence');
    };
    await unit.run(async ({ send }) => send(draft('order-1')));
    await dispatcher.stop();
    expect(await rows()).toMatchObject([{ attempts: 0, last_error: null, leased: true }]);
  });

  test('a lease that would end before the confirm is left to the relay', async () => {
    const { broker, dispatcher } = service();
    const row = { id: crypto.randomUUID(), type: 't', json: '{}', attempts: 0 };
    await dispatcher.dispatch([{ ...row, leasedUntilMs: performance.now() + 4_000 }]);
    expect(broker.published).toEqual([]);
    await dispatcher.dispatch([{ ...row, leasedUntilMs: performance.now() + 6_000 }]);
    expect(broker.published).toHaveLength(1);
  });

  test('it holds 5,000 at most and leaves the rest in the table', async () => {
    const { broker, dispatcher } = service();
    let confirm = () => {};
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    broker.answer = () => confirmed;
    const leasedUntilMs = performance.now() + 10_000;
    const many = Array.from({ length: 6_000 }, () => ({
      id: crypto.randomUUID(),
      type: 't',
      json: '{"n":1}',
      attempts: 0,
      leasedUntilMs,
    }));
    const done = dispatcher.dispatch(many);
    expect(dispatcher.room()).toBe(0);
    confirm();
    await done;
    expect(broker.published.flatMap(({ body }) => JSON.parse(body.toString()))).toHaveLength(5_000);
    expect(dispatcher.room()).toBe(5_000);
  });
});

describe('the relay', () => {
  /** Messages that nobody is sending. */
  async function leftBehind(count: number) {
    const { broker, unit } = service();
    broker.ready = false;
    await unit.run(async ({ send }) => {
      for (let n = 0; n < count; n += 1) send(draft(`order-${n}`));
    });
    await expireLeases();
  }

  test('takes over expired leases, not fresh ones', async () => {
    await leftBehind(3);
    const { broker, unit, relay } = service();
    broker.ready = false;
    await unit.run(async ({ send }) => send(draft('fresh')));
    broker.ready = true;
    await relay.runOnce();
    expect(sent(broker).sort()).toEqual(['order-0', 'order-1', 'order-2']);
    expect(await rows()).toMatchObject([{ subject: 'fresh' }]);
  });

  test('while the broker is away it claims nothing', async () => {
    await leftBehind(1);
    const { broker, relay } = service();
    broker.ready = false;
    expect(await relay.runOnce()).toEqual({ more: false });
    expect(await rows()).toMatchObject([{ leased: false }]);
  });

  test('says that there is more while its claims come back full', async () => {
    await leftBehind(1_001);
    const { relay } = service();
    expect([await relay.runOnce(), await relay.runOnce(), await relay.runOnce()]).toEqual([
      { more: true },
      { more: true },
      { more: false },
    ]);
    expect(await rows()).toEqual([]);
  });

  test('two relays never have one row at the same time', async () => {
    await leftBehind(2_000);
    const claims = await Promise.all(Array.from({ length: 20 }, () => claim(database, 100, null)));
    const ids = claims.flat().map(({ id }) => id);
    expect(ids).toHaveLength(2_000);
    expect(new Set(ids).size).toBe(2_000);
    expect(await claim(database, 100, null)).toEqual([]);
  });
});

test('a connection that is lost while it forgets what was sent is one error, which its caller gets', async () => {
  const lost = database.transaction(async (sql) => {
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await database.query((other) => other`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`);
    await messageStore.deleteMessages(sql, [newId()]);
  });
  // Another statement's rejection that nobody waits for would end a program, and this test.
  await expect(lost).rejects.toThrow();
});
