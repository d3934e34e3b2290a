/** Carries out decisions on a set of locked orders: says what is to be said, and stores all of it at once. */
import type { Draft, Message, Sql, Statement } from '../../outbox/index.ts';
import { type Decision, type Order, type Patience, type Saying, waitSeconds } from './order.ts';
import {
  type ChangedOrder,
  type HistoryEntry,
  type OrderStore,
  orderStore,
  type StoredOrder,
} from './store.ts';

/** What happened: its name, the message if it was one, and how to answer. */
export interface Happening {
  readonly name: string;
  readonly cause?: Message;
  send(draft: Draft): Message;
}

export interface Journeys {
  find(id: string): Order | undefined;
  /** Carries out a decision on a known order, or on a new one. */
  take(decision: Decision, happening: Happening): void;
  /** Nothing follows, but it is remembered that it came. */
  ignore(order: Order, happening: Happening): void;
  /** What stores all of it, not sent yet. */
  save(sql: Sql): readonly Statement[];
}

/** `stored`: the orders that are known, on locked rows; all others are new. */
export function createJourneys(
  stored: ReadonlyMap<string, StoredOrder>,
  patience: Patience,
  store: OrderStore = orderStore,
  now: Date = new Date(),
): Journeys {
  const orders = new Map<string, Order>([...stored].map(([id, { order }]) => [id, order]));
  const changed = new Map<string, ChangedOrder>();
  const history: HistoryEntry[] = [];
  const decided: Order[] = [];

  function remember(order: Order, happening: Happening, heeded: boolean, sent: readonly Message[]): void {
    const { id: orderId, step, status } = order;
    history.push({
      orderId,
      event: happening.name,
      heeded,
      step,
      status,
      cause: happening.cause ?? null,
      sent,
    });
  }

  return {
    find: (id) => orders.get(id),

    take({ order, command, news }, happening) {
      const say = ({ type, data }: Saying) =>
        happening.send({ type, subject: order.id, data, causedBy: happening.cause });
      const sentCommand = command && say(command);
      const sentNews = news && say(news);
      orders.set(order.id, order);
      changed.set(order.id, {
        order,
        commandId: sentCommand?.id ?? null,
        waitSeconds: waitSeconds(order, patience),
      });
      if (news) decided.push(order);
      remember(
        order,
        happening,
        true,
        [sentCommand, sentNews].filter((message) => message !== null),
      );
    },

    ignore: (order, happening) => remember(order, happening, false, []),

    save(sql) {
      const all = [...changed.values()];
      const isStored = ({ order }: ChangedOrder) => stored.has(order.id);
      return [
        ...store.insertOrders(
          sql,
          all.filter((one) => !isStored(one)),
          now,
        ),
        ...store.updateOrders(sql, all.filter(isStored)),
        ...store.appendHistory(sql, history),
        ...store.insertNotices(sql, decided),
      ];
    },
  };
}
