/** Order's tables in memory: orders, their history, notices, and the copy of Stock's products. */
import type { ListedProduct } from '../../../src/contracts/stock.ts';
import type { Order } from '../../../src/modules/order/order.ts';
import {
  type HistoryEntry,
  type OrderStore,
  type StoredOrder,
  timesOf,
} from '../../../src/modules/order/store.ts';
import { inSeconds, type Memory, moment, overdue, type Table } from './database.ts';
import type { MessageMemory } from './messages.ts';

export interface OrderRow extends StoredOrder {
  /** Null: nothing is awaited. */
  readonly deadlineAt: number | null;
}

export type HistoryRow = Omit<HistoryEntry, 'cause' | 'sent'> & {
  readonly seq: number;
  readonly cause: object | null;
  readonly sent: readonly { readonly id: string; readonly type: string }[];
};

interface CatalogueRow {
  readonly askedAt: number | null;
  readonly questionId: string | null;
  readonly listedAt: number | null;
}

export interface OrderMemory {
  readonly orders: Table<OrderRow>;
  /** By order, in the order in which it happened. */
  readonly history: Table<readonly HistoryRow[]>;
  readonly notices: Table<{ readonly orderId: string; readonly status: string }>;
  readonly products: Table<ListedProduct>;
  readonly catalogue: () => CatalogueRow;
  readonly store: OrderStore;
}

const maxHistoryLength = 200;
const open = ['reserving_stock', 'authorizing_payment'];

export function createOrderMemory(memory: Memory, { outbox }: MessageMemory): OrderMemory {
  const products = memory.table<ListedProduct>('products', {
    'unit_price > 0': ({ unitPrice }) => unitPrice > 0,
    'currency is a code': ({ currency }) => /^[A-Z]{3}$/.test(currency),
  });
  const catalogue = memory.table<CatalogueRow>('catalogue');
  const orders = memory.table<OrderRow>('orders', {
    'total >= 0': ({ order }) => order.total >= 0,
    'done without a deadline': ({ order, deadlineAt }) => (order.step === 'done') === (deadlineAt === null),
    'pending while it may be confirmed': ({ order }) =>
      order.status !== 'pending' || open.includes(order.step),
    'confirmed when done': ({ order }) => order.status !== 'confirmed' || order.step === 'done',
    'a reason where one is needed': ({ order }) =>
      ['rejected', 'cancelled'].includes(order.status) === (order.reason !== null),
    'the token only while it is needed': ({ order }) =>
      order.paymentToken === null || open.includes(order.step),
  });
  const history = memory.table<readonly HistoryRow[]>('order_history');
  const notices = memory.table<{ orderId: string; status: string }>('notices', {
    'an outcome': ({ status }) => ['confirmed', 'rejected', 'cancelled'].includes(status),
  });
  const nothingAsked: CatalogueRow = { askedAt: null, questionId: null, listedAt: null };

  const catalogueNow = () => catalogue.get('one') ?? nothingAsked;
  const storedOf = ({ order, commandId }: OrderRow): StoredOrder => ({ order, commandId });

  const store: OrderStore = {
    lockOrders: (sql, ids) =>
      memory.run(
        sql,
        () =>
          new Map(
            [...new Set(ids)].sort().flatMap((id) => {
              const row = orders.get(id);
              return row ? [[id, storedOf(row)] as const] : [];
            }),
          ),
      ),

    lockOverdue: (sql, limit) =>
      memory.run(sql, () => overdue(orders.values(), ({ deadlineAt }) => deadlineAt, limit).map(storedOf)),

    postpone: (sql, waits) => [
      memory.prepare(sql, () => {
        for (const { id, waitSeconds } of waits) {
          const row = orders.get(id);
          if (row) orders.update(id, { ...row, deadlineAt: inSeconds(waitSeconds) });
        }
      }),
    ],

    insertOrders: (sql, placed) => [
      memory.prepare(sql, () => {
        for (const { order, commandId, waitSeconds } of placed) {
          const asPlaced: Order = { ...order, reason: null };
          orders.insert(order.id, { order: asPlaced, commandId, deadlineAt: inSeconds(waitSeconds) });
        }
      }),
    ],

    updateOrders: (sql, changed) => [
      memory.prepare(sql, () => {
        for (const { order, commandId, waitSeconds } of changed) {
          const row = orders.get(order.id);
          if (!row) continue;
          const { step, status, reason, paymentToken, stepAttempts } = order;
          orders.update(order.id, {
            order: { ...row.order, step, status, reason, paymentToken, stepAttempts },
            commandId,
            deadlineAt: inSeconds(waitSeconds),
          });
        }
      }),
    ],

    appendHistory: (sql, entries) => [
      memory.prepare(sql, () => {
        for (const { cause, sent, ...entry } of entries) {
          const known = history.get(entry.orderId) ?? [];
          if (known.length >= maxHistoryLength) continue;
          const row: HistoryRow = {
            ...entry,
            seq: known.length + 1,
            cause: cause && timesOf(cause),
            sent: sent.map(({ id, type }) => ({ id, type })),
          };
          history.update(entry.orderId, [...known, row]);
        }
      }),
    ],

    insertNotices: (sql, decided) => [
      memory.prepare(sql, () => {
        for (const { id, status } of decided) notices.insert(id, { orderId: id, status });
      }),
    ],

    findProducts: (sql, skus) =>
      memory.run(
        sql,
        () =>
          new Map(
            skus.flatMap((sku) => {
              const product = products.get(sku);
              return product ? [[sku, product] as const] : [];
            }),
          ),
      ),

    adoptProducts: (sql, told) => [
      memory.prepare(sql, () => {
        for (const { sku, name, unitPrice, currency, version } of told) {
          const known = products.get(sku);
          if (!known) products.insert(sku, { sku, name, unitPrice, currency, version });
          else if (known.version < version) products.update(sku, { sku, name, unitPrice, currency, version });
        }
      }),
    ],

    markListed: (sql) => [
      memory.prepare(sql, () => catalogue.update('one', { ...catalogueNow(), listedAt: moment() })),
    ],

    lockDueListing: (sql, { askAfterSeconds, retrySeconds }) =>
      memory.run(sql, () => {
        const { askedAt, questionId, listedAt } = catalogueNow();
        const waited = (seconds: number) => askedAt === null || askedAt < moment() - seconds * 1_000;
        const missing = listedAt === null || askedAt === null || listedAt < askedAt;
        return waited(askAfterSeconds) || (waited(retrySeconds) && missing) ? { questionId } : undefined;
      }),

    noteListingAsked: (sql, questionId) =>
      memory.run(sql, () => catalogue.update('one', { ...catalogueNow(), askedAt: moment(), questionId })),

    unsent: (sql, ids) => memory.run(sql, () => new Set(ids.filter((id) => outbox.has(id)))),
  };

  return { orders, history, notices, products, catalogue: catalogueNow, store };
}
