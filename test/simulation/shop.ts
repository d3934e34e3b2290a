/** The three modules of a run, each with a memory of its own, around the production hearts, doors and clocks. */

import { createInquiries } from '../../src/modules/inquiries.ts';
import { createCancelling } from '../../src/modules/order/cancelling.ts';
import { createListing } from '../../src/modules/order/catalogue.ts';
import { createDeadlines } from '../../src/modules/order/clock.ts';
import {
  createHandler as createOrderHandler,
  handles as orderHandles,
  says as orderSays,
} from '../../src/modules/order/messages.ts';
import type { Placing } from '../../src/modules/order/order.ts';
import { createPlacing } from '../../src/modules/order/placing.ts';
import { createCalls } from '../../src/modules/payment/clock.ts';
import {
  createHandler as createPaymentHandler,
  handles as paymentHandles,
  says as paymentSays,
} from '../../src/modules/payment/messages.ts';
import {
  createHandler as createStockHandler,
  handles as stockHandles,
  says as stockSays,
} from '../../src/modules/stock/messages.ts';
import type { Handle } from '../../src/outbox/inbox.ts';
import type { Message, Unit, UnitOfWork } from '../../src/outbox/index.ts';
import type { SimulatedGateway } from './gateway.ts';
import { createMemory, type Memory } from './memory/database.ts';
import { createInquiryMemory } from './memory/inquiries.ts';
import { createMessageMemory, type MessageMemory } from './memory/messages.ts';
import { createOrderMemory, type OrderMemory } from './memory/order.ts';
import { createPaymentMemory, type PaymentMemory } from './memory/payment.ts';
import { createStockMemory, type StockMemory } from './memory/stock.ts';
import { earliest, type Module } from './process.ts';
import type { World } from './world.ts';

/** Short enough for a run to see orders give up. */
const patience = { stepTimeoutSeconds: 5, stepMaxAttempts: 3 };
const inquiryAfterSeconds = 20;
const gatewayTimeoutSeconds = 2;

/** Two products: one that is there for most, one that is rare. */
export const goods = [
  { sku: 'MUG-01', name: 'Mug', unitPrice: 1_250, currency: 'EUR', onHand: 4 },
  { sku: 'RARE-01', name: 'Rare print', unitPrice: 9_900, currency: 'EUR', onHand: 1 },
] as const;

export interface Shop {
  readonly order: Module & OrderMemory;
  readonly stock: Module & StockMemory;
  readonly payment: Module & PaymentMemory;
  readonly modules: readonly Module[];
  place(unit: UnitOfWork, placing: Placing): Promise<unknown>;
  cancel(unit: UnitOfWork, orderId: string): Promise<unknown>;
}

/** What a planted bug may put in the place of a part. */
export interface Plant {
  readonly stock?: (memory: StockMemory) => StockMemory['store'];
  readonly messages?: (memory: MessageMemory) => MessageMemory['store'];
  readonly wires?: Pick<Module, 'broker' | 'database'>;
}

/** `recovers`: deadlines and inquiries run. Without them the outbox and the inbox are on their own. */
export function openShop(
  world: World,
  gateway: SimulatedGateway,
  { recovers, plant = {} }: { readonly recovers: boolean; readonly plant?: Plant },
): Shop {
  const order = openModule(world, 'order', plant);
  const stock = openModule(world, 'stock', plant);
  const payment = openModule(world, 'payment', plant);
  const orders = createOrderMemory(order.memory, order.messages);
  const reservations = planted(createStockMemory(stock.memory), plant.stock);
  const payments = createPaymentMemory(payment.memory);
  const inquiriesOf = (participant: 'stock' | 'payment', { memory, messages }: typeof stock) => {
    const [table, rows] =
      participant === 'stock'
        ? (['reservations', reservations.reservations] as const)
        : (['payments', payments.payments] as const);
    const store =
      participant === 'stock'
        ? createInquiryMemory(memory, messages, table, reservations.reservations)
        : createInquiryMemory(memory, messages, table, payments.payments);
    return (unit: UnitOfWork) => ({
      worker: createInquiries({ unit, participant, table, afterSeconds: inquiryAfterSeconds, store }),
      dueAt: () => earliest<{ inquireAt: number | null }>(rows.values(), ({ inquireAt }) => inquireAt),
    });
  };
  const askFromStock = inquiriesOf('stock', stock);
  const askFromPayment = inquiriesOf('payment', payment);

  const orderModule: Shop['order'] = {
    ...order,
    ...orders,
    handles: orderHandles,
    says: orderSays,
    news: ['order.rejected', 'order.cancelled'],
    open: ({ unit }) => ({
      handle: order.once(createOrderHandler(patience, orders.store)),
      clocks: [
        {
          worker: createListing(unit, patience.stepTimeoutSeconds, orders.store),
          dueAt: () => listingDueAt(orders),
        },
        ...(recovers
          ? [
              {
                worker: createDeadlines(unit, patience, orders.store),
                dueAt: () => earliest(orders.orders.values(), ({ deadlineAt }) => deadlineAt),
              },
            ]
          : []),
      ],
    }),
  };
  const stockModule: Shop['stock'] = {
    ...stock,
    ...reservations,
    handles: stockHandles,
    says: stockSays,
    news: ['product.changed'],
    open: ({ unit }) => ({
      handle: stock.once(createStockHandler(inquiryAfterSeconds, reservations.store)),
      clocks: recovers ? [askFromStock(unit)] : [],
    }),
  };
  const paymentModule: Shop['payment'] = {
    ...payment,
    ...payments,
    handles: paymentHandles,
    says: paymentSays,
    news: [],
    open({ process, unit, database, observer }) {
      const calls = createCalls({
        database,
        unit,
        observer,
        gateway: gateway.connect(process, gatewayTimeoutSeconds * 1_000),
        // Fewer than there are orders: some calls are claimed with their payments, some are due.
        concurrency: 4,
        timeoutSeconds: gatewayTimeoutSeconds,
        inquiryAfterSeconds,
        // The run looks for due calls itself.
        wake: () => {},
        store: payments.store,
      });
      return {
        handle: payment.once(createPaymentHandler(calls.waits, calls, payments.store)),
        clocks: [
          {
            worker: calls,
            dueAt: () => earliest(payments.payments.values(), ({ callAt }) => callAt),
          },
          ...(recovers ? [askFromPayment(unit)] : []),
        ],
      };
    },
  };
  return {
    order: orderModule,
    stock: stockModule,
    payment: paymentModule,
    modules: [orderModule, stockModule, paymentModule],
    place: (unit, placing) => createPlacing(unit, patience, orders.store)(placing),
    cancel: (unit, orderId) => unit.run((open) => createCancelling(patience, orders.store)(open, orderId)),
  };
}

function openModule(world: World, name: string, plant: Plant) {
  const memory = createMemory();
  const messages = planted(createMessageMemory(memory), plant.messages);
  return {
    name,
    memory,
    messages,
    once: once(world, name, memory),
    ...plant.wires,
  };
}

function planted<Part extends { readonly store: unknown }>(
  part: Part,
  plant: ((part: Part) => Part['store']) | undefined,
): Part {
  return plant ? { ...part, store: plant(part) } : part;
}

/** Notes, in the transaction of its effect, that a message has had one: it may have one only. */
function once(world: World, name: string, memory: Memory): (handle: Handle) => Handle {
  const effects = memory.table<true>('effects');
  const noting = async (unit: Unit, messages: readonly Message[], handled: Promise<void>) => {
    await handled;
    await memory.run(unit.sql, () => {
      for (const { id, type, subject } of messages) {
        if (effects.has(id))
          world.violate(`${name}: ${type} of ${world.alias(subject)} has its effect twice`);
        else effects.insert(id, true);
      }
    });
  };
  return (handle) =>
    Object.assign(
      (unit: Unit, messages: readonly Message[], looked?: unknown) =>
        noting(unit, messages, handle(unit, messages, looked)),
      { look: handle.look },
    );
}

/** When Order will ask for the list of products; null: not within the hour. */
function listingDueAt({ catalogue }: OrderMemory): number | null {
  const { askedAt, listedAt } = catalogue();
  if (askedAt === null) return 0;
  return listedAt === null || listedAt < askedAt ? askedAt + patience.stepTimeoutSeconds * 1_000 + 1 : null;
}

export async function stockUp({ stock, order }: Shop): Promise<void> {
  await stock.memory.transaction(async () => {
    for (const good of goods) stock.products.insert(good.sku, { ...good, reserved: 0, version: 2 });
  });
  // An older copy: at the old price.
  await order.memory.transaction(async () => {
    for (const { onHand: _, ...good } of goods)
      order.products.insert(good.sku, { ...good, unitPrice: good.unitPrice - 50, version: 1 });
  });
}
