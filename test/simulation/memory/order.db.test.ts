/** What Order's store promises, in PostgreSQL and in memory. */
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { createOrder } from '../../../src/modules/order/index.ts';
import type { Order } from '../../../src/modules/order/order.ts';
import { type HistoryEntry, type OrderStore, orderStore } from '../../../src/modules/order/store.ts';
import type { Sql, Statement } from '../../../src/outbox/index.ts';
import { compose } from '../../../src/outbox/message.ts';
import { messageStore } from '../../../src/outbox/store.ts';
import { openTestDatabase } from '../../support/database.ts';
import { memorySide, postgresSide, type Side } from './contract.ts';
import { createMessageMemory, type MessageMemory } from './messages.ts';
import { createOrderMemory, type HistoryRow, type OrderMemory } from './order.ts';

interface OrderSide extends Side {
  readonly store: () => OrderStore;
  readonly messages: () => Pick<MessageMemory['store'], 'insertMessages'>;
  /** What nobody reads but people. */
  history(orderId: string): Promise<readonly HistoryRow[]>;
  notices(): Promise<readonly object[]>;
}

const settings = { stepTimeoutSeconds: 30, stepMaxAttempts: 3 };
const postgres = await openTestDatabase('order', createOrder(settings).migrations);
let messages: MessageMemory;
let memory: OrderMemory;

const postgresOrder = postgresSide(
  postgres,
  ['orders', 'order_history', 'notices', 'products', 'outbox'],
  ['orders.deadline_at', 'catalogue.asked_at', 'catalogue.listed_at'],
);
const sides: readonly OrderSide[] = [
  {
    ...postgresOrder,
    store: () => orderStore,
    messages: () => messageStore,
    async empty() {
      await postgresOrder.empty();
      await postgres.query(
        (sql) => sql`update catalogue set asked_at = null, listed_at = null, question_id = null`,
      );
    },
    history: (orderId) =>
      postgres.query(
        (sql) => sql<HistoryRow[]>`
          select order_id as "orderId", seq, event, heeded, step, status, cause, sent from order_history
          where order_id = ${orderId} order by seq`,
      ),
    notices: () =>
      postgres.query((sql) => sql`select order_id as "orderId", status from notices order by order_id`),
  },
  {
    ...memorySide((empty) => {
      messages = createMessageMemory(empty);
      memory = createOrderMemory(empty, messages);
    }),
    store: () => memory.store,
    messages: () => messages.store,
    history: async (orderId) => memory.history.get(orderId) ?? [],
    notices: async () => [...memory.notices.values()],
  },
];

const orderOf = (changes: Partial<Order> = {}): Order => ({
  id: uuidv7(),
  customerId: 'customer',
  email: 'somebody@example.com',
  step: 'reserving_stock',
  status: 'pending',
  reason: null,
  lines: [{ sku: 'MUG-01', name: 'Mug', quantity: 2, unitPrice: 1_250 }],
  total: 2_500,
  currency: 'EUR',
  paymentToken: 'tok_visa',
  stepAttempts: 1,
  ...changes,
});
const mug = { sku: 'MUG-01', name: 'Mug', unitPrice: 1_250, currency: 'EUR', version: 10 };
const timedOut = { code: 'timed_out', detail: 'too late' } as const;
const done = { step: 'done', paymentToken: null, stepAttempts: 0 } as const;

describe.each(sides)('$name', ({ database, store, messages, later, empty, history, notices }) => {
  beforeEach(empty);

  const within = <T>(work: (sql: Sql) => Promise<T>) => database.transaction(work);
  const insert = (order: Order, waitSeconds: number | null = 30, commandId: string | null = null) =>
    write((sql) => store().insertOrders(sql, [{ order, commandId, waitSeconds }], new Date()));
  const update = (order: Order, waitSeconds: number | null = null, commandId: string | null = null) =>
    write((sql) => store().updateOrders(sql, [{ order, commandId, waitSeconds }]));
  const write = (statements: (sql: Sql) => readonly Statement[]) => database.write(statements);
  const lock = (...ids: readonly string[]) => within((sql) => store().lockOrders(sql, ids));
  const overdue = async (limit = 10) =>
    (await within((sql) => store().lockOverdue(sql, limit, null))).map(({ order }) => order.id);

  describe('orders', () => {
    test('are found as they were placed, in id order; unknown ones are not there', async () => {
      const [first, second] = [orderOf(), orderOf({ email: null })];
      const commandId = uuidv7();
      await insert(second);
      await insert(first, 30, commandId);
      const locked = await lock(second.id, first.id, uuidv7(), first.id);
      expect([...locked]).toEqual([
        [first.id, { order: first, commandId }],
        [second.id, { order: second, commandId: null }],
      ]);
    });

    test('are placed once', async () => {
      const order = orderOf();
      await insert(order);
      await expect(insert(order)).rejects.toThrow();
    });

    test('a step changes where an order stands, and nothing else of it', async () => {
      const order = orderOf();
      await insert(order);
      const commandId = uuidv7();
      const released = { step: 'releasing_stock', status: 'rejected', reason: timedOut } as const;
      const after = { ...order, ...released, paymentToken: null, stepAttempts: 1 };
      await update({ ...after, customerId: 'other', total: 1, lines: [] }, 30, commandId);
      expect((await lock(order.id)).get(order.id)).toEqual({ order: after, commandId });
      await update(orderOf(), 30);
    });

    test.each<[string, Partial<Order>, number | null]>([
      ['done with a deadline', { ...done, status: 'confirmed' }, 30],
      ['under way without one', {}, null],
      ['done and pending', done, null],
      ['confirmed and not done', { step: 'releasing_stock', status: 'confirmed', paymentToken: null }, 30],
      ['rejected without a reason', { ...done, status: 'rejected' }, null],
      ['confirmed with a reason', { ...done, status: 'confirmed', reason: timedOut }, null],
      ['with a token that is not needed', { ...done, status: 'confirmed', paymentToken: 'tok_visa' }, null],
    ])('none is %s', async (_, changes, waitSeconds) => {
      const order = orderOf();
      await insert(order);
      await expect(update({ ...order, ...changes }, waitSeconds)).rejects.toThrow();
      expect((await lock(order.id)).get(order.id)?.order).toEqual(order);
    });

    test('the longest overdue come first, up to the limit; one that is done never', async () => {
      const [first, second, third, ended] = [orderOf(), orderOf(), orderOf(), orderOf()];
      await insert(second, 60);
      await insert(third, 90);
      await insert(first, 30);
      await insert(ended, 30);
      await update({ ...ended, ...done, status: 'confirmed' });
      expect(await overdue()).toEqual([]);
      await later(100);
      expect(await overdue(2)).toEqual([first.id, second.id]);
      await write((sql) => store().postpone(sql, [{ id: first.id, waitSeconds: 50 }]));
      expect(await overdue()).toEqual([second.id, third.id]);
      await later(60);
      expect(await overdue()).toEqual([second.id, third.id, first.id]);
    });
  });

  describe('history', () => {
    const cause = compose(
      { type: 'stock.reserved', subject: 'x', data: { secret: 1 } },
      '/stock',
      new Date(),
    );
    const entry = (orderId: string, event = 'place'): HistoryEntry => ({
      orderId,
      event,
      heeded: true,
      step: 'reserving_stock',
      status: 'pending',
      cause: null,
      sent: [],
    });
    const append = (...entries: readonly HistoryEntry[]) =>
      write((sql) => store().appendHistory(sql, entries));

    test('is numbered by order, and keeps of messages what they were, and when', async () => {
      const [one, other] = [uuidv7(), uuidv7()];
      await append(entry(one), entry(other), entry(one, 'deadline'));
      await append({ ...entry(one, 'stock.reserved'), heeded: false, cause, sent: [cause] });
      const { id, source, type, time } = cause;
      expect(await history(one)).toMatchObject([
        { seq: 1, event: 'place', heeded: true, step: 'reserving_stock', status: 'pending', sent: [] },
        { seq: 2, event: 'deadline', cause: null },
        { seq: 3, event: 'stock.reserved', heeded: false, sent: [{ id: cause.id, type: cause.type }] },
      ]);
      expect((await history(one))[2]?.cause).toEqual({ id, source, type, time });
      expect(await history(other)).toMatchObject([{ seq: 1 }]);
    });

    test('ends at 200 entries', async () => {
      const id = uuidv7();
      await append(...Array.from({ length: 199 }, () => entry(id)));
      await append(entry(id, 'a'), entry(id, 'b'));
      await append(entry(id, 'c'));
      const entries = await history(id);
      expect(entries).toHaveLength(200);
      expect(entries.at(-1)).toMatchObject({ seq: 200, event: 'a' });
    });
  });

  test('a customer is told once, and only an outcome', async () => {
    const confirmed = orderOf({ ...done, status: 'confirmed' });
    const tell = (order: Order) => write((sql) => store().insertNotices(sql, [order]));
    await tell(confirmed);
    await expect(tell(confirmed)).rejects.toThrow();
    await expect(tell(orderOf())).rejects.toThrow();
    expect(await notices()).toEqual([{ orderId: confirmed.id, status: 'confirmed' }]);
  });

  describe('the copy of products', () => {
    const adopt = (...products: readonly (typeof mug)[]) =>
      write((sql) => store().adoptProducts(sql, products));
    const find = (...skus: readonly string[]) => within((sql) => store().findProducts(sql, skus));

    test('the newest version wins, whichever way it comes', async () => {
      await adopt({ ...mug, version: 9, unitPrice: 1 }, mug, { ...mug, version: 8, unitPrice: 2 });
      expect(await find('MUG-01', 'NONE')).toEqual(new Map([['MUG-01', mug]]));
      await adopt({ ...mug, version: 9, name: 'old' }, { ...mug, version: 10, name: 'same' });
      expect(await find('MUG-01')).toEqual(new Map([['MUG-01', mug]]));
      await adopt({ ...mug, version: 11, name: 'new' });
      expect(await find('MUG-01')).toEqual(new Map([['MUG-01', { ...mug, version: 11, name: 'new' }]]));
    });

    test('every product has a price in a currency', async () => {
      await expect(adopt({ ...mug, unitPrice: 0 })).rejects.toThrow();
      await expect(adopt({ ...mug, currency: 'eur' })).rejects.toThrow();
    });

    test('the list is asked for at once, again when it does not come, and when it is old', async () => {
      const due = () =>
        within((sql) => store().lockDueListing(sql, { askAfterSeconds: 600, retrySeconds: 50 }));
      const questionId = uuidv7();
      expect(await due()).toEqual({ questionId: null });
      await within((sql) => store().noteListingAsked(sql, questionId));
      await later(40);
      expect(await due()).toBeUndefined();
      await later(20);
      expect(await due()).toEqual({ questionId });
      await write((sql) => store().markListed(sql));
      expect(await due()).toBeUndefined();
      await later(500);
      expect(await due()).toBeUndefined();
      await later(100);
      expect(await due()).toEqual({ questionId });
    });
  });

  test('a command has not left while it is in the outbox', async () => {
    const message = compose({ type: 'stock.reserve', subject: 'x', data: {} }, '/order', new Date());
    await database.transaction(async () => {}, {
      last: (sql) => [messages().insertMessages(sql, [{ message, json: JSON.stringify(message) }])],
    });
    expect(await within((sql) => store().unsent(sql, [message.id, uuidv7()]))).toEqual(new Set([message.id]));
  });
});
