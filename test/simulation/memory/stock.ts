/** Stock's tables in memory: products and reservations. */
import type { ListedProduct } from '../../../src/contracts/stock.ts';
import type { Level, Reservation } from '../../../src/modules/stock/reservation.ts';
import { maxOnHand, type StockStore } from '../../../src/modules/stock/store.ts';
import { inSeconds, type Memory, type Table } from './database.ts';
import type { Inquired } from './inquiries.ts';

export interface ReservationRow extends Reservation, Inquired {}
export interface ProductRow extends ListedProduct, Level {}

export interface StockMemory {
  readonly reservations: Table<ReservationRow>;
  readonly products: Table<ProductRow>;
  readonly store: StockStore;
}

export function createStockMemory(memory: Memory): StockMemory {
  const reservations = memory.table<ReservationRow>('reservations', {
    'rejected for a reason': ({ state, reason }) => (state === 'rejected') === (reason !== null),
    'held until it is asked after': ({ state, inquireAt }) => (state === 'held') === (inquireAt !== null),
  });
  const products = memory.table<ProductRow>('products', {
    'on_hand between 0 and its bound': ({ onHand }) => onHand >= 0 && onHand <= maxOnHand,
    'reserved between 0 and on_hand': ({ onHand, reserved }) => reserved >= 0 && reserved <= onHand,
  });
  const notAsked = { inquireAt: null, inquiries: 0, inquiryId: null };

  const store: StockStore = {
    lockReservations: (sql, orderIds) =>
      memory.run(sql, () => {
        const known = new Map<string, Reservation>();
        for (const orderId of [...new Set(orderIds)].sort()) {
          const row = reservations.get(orderId);
          if (row) known.set(orderId, reservationOf(row));
        }
        return known;
      }),

    lockLevels: (sql, skus) =>
      memory.run(sql, () => {
        const levels = new Map<string, Level>();
        for (const sku of [...new Set(skus)].sort()) {
          const row = products.get(sku);
          if (row) levels.set(sku, { onHand: row.onHand, reserved: row.reserved });
        }
        return levels;
      }),

    insertReservations: (sql, made, inquiryAfterSeconds) => [
      memory.prepare(sql, () => {
        for (const reservation of made) {
          const inquireAt = reservation.state === 'held' ? inSeconds(inquiryAfterSeconds) : null;
          reservations.insert(reservation.orderId, { ...reservationOf(reservation), ...notAsked, inquireAt });
        }
      }),
    ],

    endReservations: (sql, ended) => [
      memory.prepare(sql, () => {
        for (const { orderId, state } of ended) {
          const row = reservations.get(orderId);
          if (row) reservations.update(orderId, { ...row, state, inquireAt: null });
        }
      }),
    ],

    saveLevels: (sql, levels) => [
      memory.prepare(sql, () => {
        for (const [sku, { onHand, reserved }] of levels) {
          const row = products.get(sku);
          if (row) products.update(sku, { ...row, onHand, reserved });
        }
      }),
    ],

    listedProducts: (sql) =>
      memory.run(sql, () =>
        [...products.values()]
          .map(({ sku, name, unitPrice, currency, version }) => ({ sku, name, unitPrice, currency, version }))
          .sort((a, b) => (a.sku < b.sku ? -1 : 1)),
      ),
  };

  return { reservations, products, store };
}

const reservationOf = ({ orderId, state, lines, reason }: Reservation): Reservation => ({
  orderId,
  state,
  lines,
  reason,
});
