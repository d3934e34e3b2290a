/** What other modules say to Stock, and what it does about it. */
import { orderCommands, orderEvents } from '../../contracts/order.ts';
import {
  type ListedProduct,
  productsPerPage,
  stockCommands,
  stockEvents,
  stockReplies,
} from '../../contracts/stock.ts';
import { DeadMessage, type Incoming } from '../../outbox/index.ts';
import { type Reaction, react } from '../react.ts';
import { commit, type Decision, type Level, type Reservation, release, reserve } from './reservation.ts';
import { type StockStore, stockStore } from './store.ts';

export const handles = { ...stockCommands, 'order.confirmed': orderEvents['order.confirmed'] };
export const says = { ...stockReplies, ...stockEvents, ...orderCommands };

type StockMessage = Incoming<typeof handles>;

interface World {
  /** Those that are written already. */
  readonly stored: ReadonlyMap<string, Reservation>;
  readonly reservations: Map<string, Reservation>;
  readonly levels: Map<string, Level>;
  /** Only where somebody asks for them. */
  readonly products: readonly ListedProduct[];
  readonly changedReservations: Map<string, Reservation>;
  readonly changedLevels: Map<string, Level>;
}

export const createHandler = (inquiryAfterSeconds: number, store: StockStore = stockStore) =>
  react<World, StockMessage>({
    async load(sql, messages) {
      const aboutOrders = messages.filter(({ type }) => type !== 'stock.list_products');
      const ids = aboutOrders.map(({ subject }) => subject);
      // Sent one after the other, they travel in one round trip.
      const [reservations, levels, products] = await Promise.all([
        store.lockReservations(sql, ids),
        store.lockLevels(sql, aboutOrders.flatMap(linesAskedFor), aboutOrders.flatMap(ordersToEnd)),
        aboutOrders.length < messages.length ? store.listedProducts(sql) : [],
      ]);
      return {
        stored: reservations,
        reservations: new Map(reservations),
        levels,
        products,
        changedReservations: new Map(),
        changedLevels: new Map(),
      };
    },

    decide(world, message, reaction) {
      const known = world.reservations.get(message.subject);
      switch (message.type) {
        case 'stock.reserve':
          return carryOut(
            world,
            message,
            reserve(message.subject, known, message.data.lines, world.levels),
            reaction,
          );
        case 'stock.release':
          return carryOut(world, message, release(message.subject, known, world.levels), reaction);
        case 'order.confirmed':
          return carryOut(world, message, commit(known, world.levels), reaction);
        case 'stock.list_products':
          return listProducts(world.products, reaction);
      }
    },

    save(sql, { stored, changedReservations, changedLevels }) {
      const all = [...changedReservations.values()];
      const isStored = ({ orderId }: Reservation) => stored.has(orderId);
      return [
        ...store.insertReservations(
          sql,
          all.filter((one) => !isStored(one)),
          inquiryAfterSeconds,
        ),
        ...store.endReservations(sql, all.filter(isStored)),
        ...store.saveLevels(sql, changedLevels),
      ];
    },
  });

const ordersToEnd = ({ type, subject }: StockMessage) => (type === 'stock.reserve' ? [] : [subject]);

const linesAskedFor = (message: StockMessage) =>
  message.type === 'stock.reserve'
    ? message.data.lines.map(({ sku }) => ({ orderId: message.subject, sku }))
    : [];

function carryOut(
  world: World,
  message: StockMessage,
  decision: Decision | 'impossible',
  reaction: Reaction,
): void {
  const { subject, type } = message;
  if (decision === 'impossible')
    throw new DeadMessage(
      `${type} cannot be: the reservation is ${world.reservations.get(subject)?.state ?? 'not there'}`,
    );
  if (decision.reservation !== world.reservations.get(subject)) {
    world.reservations.set(subject, decision.reservation);
    world.changedReservations.set(subject, decision.reservation);
  }
  for (const [sku, level] of decision.levels) {
    world.levels.set(sku, level);
    world.changedLevels.set(sku, level);
  }
  if (decision.reply) reaction.send({ ...decision.reply, subject, reply: true });
}

/** The whole list, page by page; an empty one is a page too. */
function listProducts(products: readonly ListedProduct[], reaction: Reaction): void {
  for (let from = 0; from === 0 || from < products.length; from += productsPerPage) {
    const data = {
      products: products.slice(from, from + productsPerPage),
      last: from + productsPerPage >= products.length,
    };
    reaction.send({ type: 'stock.products_listed', subject: 'products', data, reply: true });
  }
}
