/** What the store of messages promises, in PostgreSQL and in memory. */
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Sql } from '../../../src/outbox/index.ts';
import { compose } from '../../../src/outbox/message.ts';
import { createRetention } from '../../../src/outbox/retention.ts';
import { type MessageStore, messageStore } from '../../../src/outbox/store.ts';
import { openTestDatabase } from '../../support/database.ts';
import { memorySide, postgresSide, type Side, withoutPause } from './contract.ts';
import { createMessageMemory, type MessageMemory } from './messages.ts';

interface MessageSide extends Side {
  readonly store: () => MessageStore;
  /** Why a message is parked. */
  errorOf(id: string): Promise<string | undefined>;
}

const postgres = await openTestDatabase('outbox');
await createRetention(postgres).runOnce();
let memory: MessageMemory;

const sides: readonly MessageSide[] = [
  {
    ...postgresSide(
      postgres,
      ['outbox', 'inbox', 'inbox_failures', 'inbox_starts'],
      ['outbox.leased_until', 'inbox_failures.next_attempt_at'],
    ),
    store: () => messageStore,
    errorOf: (id) =>
      postgres.query(
        async (sql) =>
          (await sql<{ error: string }[]>`select error from inbox_failures where id = ${id}`)[0]?.error,
      ),
  },
  {
    ...memorySide((empty) => {
      memory = createMessageMemory(empty);
    }),
    store: () => memory.store,
    errorOf: async (id) => memory.failures.get(id)?.error,
  },
];

describe.each(sides)('$name', ({ database, store, later, empty, errorOf }) => {
  beforeEach(empty);

  const within = <T>(work: (sql: Sql) => Promise<T>) => database.transaction(work);
  const written = (type = 'stock.reserve') => {
    const message = compose({ type, subject: 'order-1', data: { n: 1 } }, '/order', new Date());
    return { message, json: JSON.stringify(message) };
  };
  const write = (...rows: readonly ReturnType<typeof written>[]) =>
    database.transaction(async () => {}, { last: (sql) => [store().insertMessages(sql, rows)] });
  const claim = (limit = 10) => within((sql) => store().claimMessages(sql, limit, null));
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).sort();
  const park = (id: string, waitSeconds: number | null = 5, error = 'no', isFull = false) =>
    within((sql) =>
      store().park(sql, { id, type: 'a', subject: 'order-1', json: '{"n":1}', error, waitSeconds }, isFull),
    );
  const due = (limit = 10) => within((sql) => store().dueFailures(sql, limit));
  const lockDue = (id: string) => within((sql) => store().lockDueFailure(sql, id));

  describe('a transaction', () => {
    test('leaves nothing when its work throws, or what travels with its commit fails', async () => {
      const row = written();
      const id = uuidv7();
      const failing = within(async (sql) => {
        await store().remember(sql, [id]);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await write(row);
      const doubled = database.transaction((sql) => store().remember(sql, [id]), {
        last: (sql) => [store().insertMessages(sql, [written('later')]), store().insertMessages(sql, [row])],
      });
      await expect(doubled).rejects.toThrow();
      expect(await within((sql) => store().remember(sql, [id]))).toEqual([id]);
      await later(11);
      expect(idsOf(await claim())).toEqual([row.message.id]);
    });

    test('is rolled back when a statement has failed, whoever swallows the error', async () => {
      const id = uuidv7();
      const swallowing = within(async (sql) => {
        await store().remember(sql, [id]);
        await store()
          .remember(sql, ['00000000-0000-4000-8000-000000000000'])
          .catch(() => {});
      });
      await expect(swallowing).rejects.toThrow('rolled back');
      expect(await within((sql) => store().remember(sql, [id]))).toEqual([id]);
    });
  });

  describe('the outbox', () => {
    test(
      'a message is born leased; when the lease is over it is claimed, once',
      withoutPause(empty, 1_000, async () => {
        const row = written();
        await write(row);
        expect(await claim()).toEqual([]);
        await later(9);
        expect(await claim()).toEqual([]);
        await later(2);
        const { id, type } = row.message;
        expect(await claim()).toEqual([{ id, type, json: row.json, attempts: 0 }]);
        expect(await claim()).toEqual([]);
        await later(11);
        expect(await claim()).toHaveLength(1);
      }),
    );

    test('the longest overdue are claimed first, up to the limit', async () => {
      const [first, second, third] = [written(), written(), written()];
      await write(second);
      await later(2);
      await write(third);
      await within((sql) =>
        store().countRefusal(sql, { ids: [third.message.id], error: 'no', inSeconds: 20 }),
      );
      await write(first);
      await within((sql) =>
        store().countRefusal(sql, { ids: [first.message.id], error: 'no', inSeconds: 1 }),
      );
      await later(30);
      expect(idsOf(await claim(2))).toEqual([first.message.id, second.message.id].sort());
      expect(idsOf(await claim(2))).toEqual([third.message.id]);
    });

    test('a refusal is counted, and the message waits as long as it is told', async () => {
      const row = written();
      await write(row);
      const { id } = row.message;
      const refusal = { ids: [id, uuidv7()], error: 'no queue', inSeconds: 30 };
      await within((sql) => store().countRefusal(sql, refusal));
      await later(20);
      expect(await claim()).toEqual([]);
      await later(20);
      expect(await claim()).toMatchObject([{ id, attempts: 1 }]);
    });

    test('what is deleted has been sent', async () => {
      const [sent, waiting] = [written(), written()];
      await write(sent, waiting);
      const both = [sent.message.id, waiting.message.id];
      expect(await within((sql) => store().unsent(sql, [...both, uuidv7()]))).toEqual(new Set(both));
      await database.write((sql) => store().deleteMessages(sql, [sent.message.id]));
      expect(await within((sql) => store().unsent(sql, both))).toEqual(new Set([waiting.message.id]));
    });
  });

  describe('the inbox', () => {
    test('an id is fresh once', async () => {
      const [a, b, c] = [uuidv7(), uuidv7(), uuidv7()];
      expect([...(await within((sql) => store().rememberFresh(sql, [b, a])))].sort()).toEqual([a, b]);
      expect(await within((sql) => store().rememberFresh(sql, [a, c]))).toEqual([c]);
      expect(await within((sql) => store().remember(sql, [a, b, c]))).toEqual([]);
    });

    test('one that is parked is left to its retry, which remembers it', async () => {
      const [parked, other] = [uuidv7(), uuidv7()];
      await park(parked);
      expect(await within((sql) => store().parkedAmong(sql, [parked, other]))).toEqual(new Set([parked]));
      expect(await within((sql) => store().rememberFresh(sql, [parked, other]))).toEqual([other]);
      expect(await within((sql) => store().remember(sql, [parked]))).toEqual([parked]);
    });

    test('only a UUIDv7 has a place', async () => {
      const id = '00000000-0000-4000-8000-000000000000';
      await expect(within((sql) => store().remember(sql, [id]))).rejects.toThrow();
    });

    test('starts are counted once a run', async () => {
      const [a, b, c] = [uuidv7(), uuidv7(), uuidv7()];
      const count = (ids: readonly string[], run: string) =>
        within((sql) => store().countStarts(sql, ids, run));
      const [run, next] = [uuidv7(), uuidv7()];
      expect(await count([], run)).toBe(0);
      expect(await count([a, b], run)).toBe(1);
      expect(await count([a], run)).toBe(1);
      expect(await count([a], next)).toBe(2);
      expect(await count([b, c], run)).toBe(1);
      expect(await count([a, c], run)).toBe(3);
      await within((sql) => store().forgetStarts(sql, [a]));
      expect(await within((sql) => store().startedAmong(sql, [a, b, c]))).toEqual(new Set([b, c]));
      expect(await count([a], run)).toBe(1);
    });
  });

  describe('failures', () => {
    test('one is due after its wait, a dead one never', async () => {
      const [id, dead] = [uuidv7(), uuidv7()];
      await park(id, 50);
      await park(dead, null);
      await later(40);
      expect(await due()).toEqual([]);
      expect(await lockDue(id)).toBeUndefined();
      await later(20);
      expect(await due()).toEqual([id]);
      const { json, type, subject, attempts, parkedAt } = (await lockDue(id)) ?? {};
      expect({ json, type, subject, attempts }).toEqual({
        json: '{"n":1}',
        type: 'a',
        subject: 'order-1',
        attempts: 1,
      });
      expect(parkedAt).toBeInstanceOf(Date);
      expect(await lockDue(dead)).toBeUndefined();
    });

    test('what is parked already stays as it is', async () => {
      const id = uuidv7();
      await park(id, 5, 'first');
      await park(id, 500, 'second');
      await later(6);
      expect(await due()).toEqual([id]);
      expect(await errorOf(id)).toBe('first');
    });

    test('the longest overdue come first, up to the limit', async () => {
      const [late, overdue, latest] = [uuidv7(), uuidv7(), uuidv7()];
      await park(late, 90);
      await park(latest, 30);
      await park(overdue, 60);
      await later(100);
      expect(await due(2)).toEqual([latest, overdue]);
    });

    test('an attempt is written down; its error is kept until another is known', async () => {
      const id = uuidv7();
      await park(id, 1, 'first');
      await within((sql) => store().updateFailure(sql, { id, attempts: 2, waitSeconds: 20 }));
      await later(10);
      expect(await due()).toEqual([]);
      await later(11);
      expect(await lockDue(id)).toMatchObject({ attempts: 2 });
      expect(await errorOf(id)).toBe('first');
      await within((sql) =>
        store().updateFailure(sql, { id, attempts: 3, waitSeconds: null, error: 'second' }),
      );
      expect(await errorOf(id)).toBe('second');
      await later(1_000);
      expect(await due()).toEqual([]);
    });

    test('what is forgotten is gone, and is said', async () => {
      const [id, unknown] = [uuidv7(), uuidv7()];
      await park(id);
      expect(await within((sql) => store().lockFailure(sql, id))).toBe(true);
      expect(await within((sql) => store().deleteFailures(sql, [id, unknown]))).toEqual([id]);
      expect(await within((sql) => store().lockFailure(sql, id))).toBe(false);
    });

    test('what is parked or dead is redriven: at once, with all its attempts', async () => {
      const [dead, waiting, other] = [uuidv7(), uuidv7(), uuidv7()];
      await park(dead, null);
      await park(waiting, 50);
      await park(other, 50);
      expect(await within((sql) => store().redrive(sql, [dead, waiting, uuidv7()]))).toBe(2);
      expect([...(await due())].sort()).toEqual([dead, waiting]);
      expect(await lockDue(dead)).toMatchObject({ attempts: 0 });
      expect(await lockDue(waiting)).toMatchObject({ attempts: 0 });
    });

    test('are counted, up to the limit', async () => {
      const counted = (limit: number) => within((sql) => store().countFailures(sql, limit));
      expect(await counted(2)).toBe(0);
      await park(uuidv7());
      await park(uuidv7(), null);
      await park(uuidv7());
      expect(await counted(5)).toBe(3);
      expect(await counted(2)).toBe(2);
    });

    test('where it is full none is kept, but what is kept is counted', async () => {
      const [first, second] = [uuidv7(), uuidv7()];
      expect(await park(first)).toBe(true);
      expect(await park(second, null, 'no', true)).toBe(false);
      expect(await park(first, null, 'no', true)).toBe(true);
      expect(await within((sql) => store().lockFailure(sql, second))).toBe(false);
      expect(await park(second)).toBe(true);
    });

    test('attempts are never less than none', async () => {
      const id = uuidv7();
      await park(id);
      const broken = within((sql) => store().updateFailure(sql, { id, attempts: -1, waitSeconds: 1 }));
      await expect(broken).rejects.toThrow();
    });
  });
});
