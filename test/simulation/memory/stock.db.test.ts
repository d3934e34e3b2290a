/** What Stock's store promises, in PostgreSQL and in memory. */
import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { type InquiryStore, inquiryStore } from '../../../src/modules/inquiries.ts';
import { createStock } from '../../../src/modules/stock/index.ts';
import type { Reservation } from '../../../src/modules/stock/reservation.ts';
import { putProduct, receive, type StockStore, stockStore } from '../../../src/modules/stock/store.ts';
import type { Sql } from '../../../src/outbox/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { memorySide, postgresSide, type Side } from './contract.ts';
import { createInquiryMemory } from './inquiries.ts';
import { createMessageMemory } from './messages.ts';
import { createStockMemory, type StockMemory } from './stock.ts';

interface StockSide extends Side {
  readonly store: () => StockStore;
  readonly inquiries: () => InquiryStore;
  /** Goods of which nobody has had any yet. */
  deliver(sku: string, onHand: number): Promise<void>;
}

const postgres = await openTestDatabase('stock', createStock({ inquiryAfterSeconds: 60 }).migrations);
let memory: StockMemory;
let memoryInquiries: InquiryStore;
const price = { unitPrice: 1_250, currency: 'EUR' };

const memoryStock = memorySide((empty) => {
  memory = createStockMemory(empty);
  const messages = createMessageMemory(empty);
  memoryInquiries = createInquiryMemory(empty, messages, 'reservations', memory.reservations);
});
const sides: readonly StockSide[] = [
  {
    ...postgresSide(
      postgres,
      ['products', 'receipts', 'reservations', 'outbox'],
      ['reservations.inquire_at'],
    ),
    store: () => stockStore,
    inquiries: () => inquiryStore,
    deliver: (sku, onHand) =>
      postgres.transaction(async (sql) => {
        await putProduct(sql, { sku, name: sku, ...price });
        await receive(sql, sku, onHand);
      }),
  },
  {
    ...memoryStock,
    store: () => memory.store,
    inquiries: () => memoryInquiries,
    deliver: (sku, onHand) =>
      memoryStock.database.transaction(async () =>
        memory.products.insert(sku, { sku, name: sku, ...price, version: 1, onHand, reserved: 0 }),
      ),
  },
];

describe.each(sides)('$name', ({ database, store, inquiries, later, empty, deliver }) => {
  beforeEach(empty);

  const within = <T>(work: (sql: Sql) => Promise<T>) => database.transaction(work);
  const lock = (...ids: readonly string[]) => within((sql) => store().lockReservations(sql, ids));
  const make = (...reservations: readonly Reservation[]) =>
    database.write((sql) => store().insertReservations(sql, reservations, 60));
  const end = (...reservations: readonly Reservation[]) =>
    database.write((sql) => store().endReservations(sql, reservations));
  const held = (orderId: string): Reservation => ({
    orderId,
    state: 'held',
    lines: [{ sku: 'MUG-01', quantity: 2 }],
    reason: null,
  });
  const tombstone = (orderId: string): Reservation => ({
    orderId,
    state: 'released',
    lines: [],
    reason: null,
  });
  const hold = (orderId: string) => make(held(orderId));

  describe('reservations', () => {
    test('are found as they were made, in id order', async () => {
      const [one, other] = [uuidv7(), uuidv7()];
      const reason = { code: 'out_of_stock', detail: 'none left' } as const;
      const rejected: Reservation = { ...held(other), state: 'rejected', reason };
      await make(rejected, held(one));
      expect([...(await lock(other, one, uuidv7(), one))]).toEqual([
        [one, held(one)],
        [other, rejected],
      ]);
    });

    test('one that is there already is not made again, nor is anything that was to be made with it', async () => {
      const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()];
      await make(tombstone(second));
      await expect(make(held(first), held(second), held(third))).rejects.toThrow();
      expect(await lock(first, second, third)).toEqual(new Map([[second, tombstone(second)]]));
    });

    test('end as they were held', async () => {
      const [one, other, never] = [uuidv7(), uuidv7(), uuidv7()];
      await make(held(one), held(other));
      const [committed, released] = [
        { ...held(one), state: 'committed' as const },
        { ...held(other), state: 'released' as const },
      ];
      await end(committed, released, { ...held(never), state: 'released' });
      expect([...(await lock(one, other, never)).values()]).toEqual([committed, released]);
    });

    test('a reason says why it was rejected, and nothing else', async () => {
      const id = uuidv7();
      await expect(make({ ...held(id), state: 'rejected' })).rejects.toThrow();
      await expect(make({ ...held(id), reason: { code: 'timed_out', detail: '' } })).rejects.toThrow();
    });
  });

  describe('levels', () => {
    const levels = (...skus: readonly string[]) =>
      within((sql) =>
        store().lockLevels(
          sql,
          skus.map((sku) => ({ orderId: uuidv7(), sku })),
          [],
        ),
      );
    const change = (sku: string, onHand: number, reserved: number) =>
      database.write((sql) => store().saveLevels(sql, new Map([[sku, { onHand, reserved }]])));

    test('are found by sku, as they were saved', async () => {
      await deliver('B', 5);
      await deliver('A', 3);
      expect([...(await levels('B', 'NONE', 'A', 'B'))]).toEqual([
        ['A', { onHand: 3, reserved: 0 }],
        ['B', { onHand: 5, reserved: 0 }],
      ]);
      await change('B', 4, 2);
      await change('NONE', 1, 1);
      expect(await levels('B', 'NONE')).toEqual(new Map([['B', { onHand: 4, reserved: 2 }]]));
    });

    test('are those that orders ask for which hold nothing yet, and those that orders hold', async () => {
      await deliver('A', 3);
      await deliver('B', 3);
      await deliver('MUG-01', 3);
      const [holding, ended, fresh] = [uuidv7(), uuidv7(), uuidv7()];
      await make(held(holding), held(ended));
      await end({ ...held(ended), state: 'released' });
      const asked = [
        { orderId: holding, sku: 'A' },
        { orderId: ended, sku: 'A' },
        { orderId: fresh, sku: 'B' },
      ];
      const found = (ids: readonly string[]) => within((sql) => store().lockLevels(sql, asked, ids));
      expect([...(await found([ended, fresh])).keys()]).toEqual(['B']);
      expect([...(await found([holding, ended, fresh])).keys()]).toEqual(['B', 'MUG-01']);
    });

    test.each([
      [3, 4],
      [3, -1],
      [-1, -1],
      [1_000_000_000_001, 0],
    ])('%i on hand and %i reserved cannot be', async (onHand, reserved) => {
      await deliver('A', 3);
      await expect(change('A', onHand, reserved)).rejects.toThrow();
      expect(await levels('A')).toEqual(new Map([['A', { onHand: 3, reserved: 0 }]]));
    });

    test('the list has every product by sku, with what others may know of it', async () => {
      await deliver('B', 5);
      await deliver('A', 3);
      expect(await within((sql) => store().listedProducts(sql))).toEqual([
        { sku: 'A', name: 'A', ...price, version: expect.any(Number) },
        { sku: 'B', name: 'B', ...price, version: expect.any(Number) },
      ]);
    });
  });

  describe('inquiries', () => {
    const due = (limit = 10) => within((sql) => inquiries().lockDue(sql, 'reservations', limit, null));
    const ask = (orderId: string, id: string) =>
      within((sql) => inquiries().noteAsked(sql, 'reservations', [{ orderId, id }], 60));

    test('what is held is asked after, the longest overdue first', async () => {
      const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()];
      await hold(second);
      await later(1);
      await hold(third);
      await later(1);
      await hold(first);
      expect(await due()).toEqual([]);
      await later(61);
      expect(await due(2)).toEqual([
        { orderId: second, inquiryId: null },
        { orderId: third, inquiryId: null },
      ]);
      await end({ ...held(second), state: 'committed' });
      expect((await due()).map(({ orderId }) => orderId)).toEqual([third, first]);
    });

    test('the wait doubles, up to an hour', async () => {
      const [id, question] = [uuidv7(), uuidv7()];
      await hold(id);
      for (const seconds of [60, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]) {
        await later(seconds - 10);
        expect(await due()).toEqual([]);
        await later(12);
        expect(await due()).toHaveLength(1);
        await ask(id, question);
      }
      await later(3_602);
      expect(await due()).toEqual([{ orderId: id, inquiryId: question }]);
    });

    test('there is no other table', async () => {
      await expect(within((sql) => inquiries().lockDue(sql, 'nothing', 1, null))).rejects.toThrow();
    });
  });
});
