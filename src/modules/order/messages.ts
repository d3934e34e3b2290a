/** What other modules say to Order, and what it does about it. */
import { orderCommands, orderEvents } from '../../contracts/order.ts';
import { paymentCommands, paymentReplies } from '../../contracts/payment.ts';
import { type ListedProduct, stockCommands, stockEvents, stockReplies } from '../../contracts/stock.ts';
import type { Reason } from '../../contracts/values.ts';
import { DeadMessage, type Incoming } from '../../outbox/index.ts';
import { type Reaction, react } from '../react.ts';
import { createJourneys, type Journeys } from './journeys.ts';
import { answerInquiry, decide, type Order, type Patience } from './order.ts';
import { type OrderStore, orderStore } from './store.ts';

export const handles = { ...orderCommands, ...stockReplies, ...paymentReplies, ...stockEvents };
export const says = { ...stockCommands, ...paymentCommands, ...orderEvents };

type OrderMessage = Incoming<typeof handles>;
type Reply = Exclude<OrderMessage, { type: 'order.inquire' | 'stock.products_listed' | 'product.changed' }>;

interface World {
  readonly journeys: Journeys;
  readonly products: ListedProduct[];
  listed: boolean;
}

export const createHandler = (patience: Patience, store: OrderStore = orderStore) =>
  react<World, OrderMessage>({
    async load(sql, messages) {
      const aboutOrders = messages.filter(
        ({ type }) => type !== 'stock.products_listed' && type !== 'product.changed',
      );
      const stored = await store.lockOrders(
        sql,
        aboutOrders.map(({ subject }) => subject),
      );
      return { journeys: createJourneys(stored, patience, store), products: [], listed: false };
    },

    decide(world, message, reaction) {
      switch (message.type) {
        case 'product.changed':
          world.products.push(message.data);
          return;
        case 'stock.products_listed':
          world.products.push(...message.data.products);
          world.listed ||= message.data.last;
          return;
        case 'order.inquire': {
          const answer = answerInquiry(knownOrder(world, message), message.data.participant);
          if (answer) reaction.send({ ...answer, subject: message.subject });
          return;
        }
        default:
          takeReply(world, message, reaction);
      }
    },

    save: (sql, { journeys, products, listed }) => [
      ...journeys.save(sql),
      ...store.adoptProducts(sql, products),
      ...(listed ? store.markListed(sql) : []),
    ],
  });

function takeReply(world: World, message: Reply, reaction: Reaction): void {
  const order = knownOrder(world, message);
  const happening = { name: message.type, cause: message, send: reaction.send };
  const decision = decide(order, message.type, reasonOf(message));
  if (decision === 'impossible')
    throw new DeadMessage(
      `${message.type} cannot answer anything: the order is at ${order.step}, ${order.status}`,
    );
  if (decision === 'late') world.journeys.ignore(order, happening);
  else world.journeys.take(decision, happening);
}

/** An order that is not here was lost, or never was: whoever holds something for it asks for ever, and is one failure. */
function knownOrder(world: World, { subject }: OrderMessage): Order {
  const order = world.journeys.find(subject);
  if (!order)
    throw new DeadMessage(`order ${subject} is not known here`, { onceFor: `unknown order ${subject}` });
  return order;
}

function reasonOf(message: Reply): Reason | null {
  if (message.type === 'stock.rejected') return message.data.reason;
  if (message.type === 'payment.declined')
    return { code: 'payment_declined', detail: `the payment was declined: ${message.data.declineCode}` };
  return null;
}
