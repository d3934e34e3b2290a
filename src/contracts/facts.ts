/**
 * What a module states about itself, for who compares the three: each fact is read from one snapshot of its own database, and
 * ages are taken on that database's own clock. Schemas and types only; a fact is a line of `GET /admin/{module}/facts`.
 */
import * as v from 'valibot';
import { OrderId, Participant } from './values.ts';

const Seconds = v.number();
const Count = v.pipe(v.number(), v.safeInteger());
const Amount = v.nullable(Count);
/** Lines as one text, as `2 MUG-01, 1 TEE-01`: by sku, a product once. Empty: none. */
const Units = v.string();

/** Of the module's messages: what waits to be sent, and what could not be handled. The first fact of every module. */
export const MessagingFact = v.object({
  fact: v.literal('messaging'),
  module: v.union([v.literal('order'), Participant]),
  outboxMessages: Count,
  outboxOldestSeconds: Seconds,
  /** Failures that are tried again by themselves, and those that wait for a person. */
  parked: Count,
  dead: Count,
});

/** A product's units: as Stock counts them, and as its receipts and reservations add up. */
export const ProductFact = v.object({
  fact: v.literal('product'),
  sku: v.string(),
  onHand: Count,
  reserved: Count,
  received: Count,
  held: Count,
  committed: Count,
});

/** Whether what follows tells the card processor's own books: what they do not hold, it does not know. */
export const GatewayFact = v.object({ fact: v.literal('gateway'), showsBooks: v.boolean() });

export const OrderFact = v.object({
  fact: v.literal('order'),
  orderId: OrderId,
  status: v.picklist(['pending', 'confirmed', 'rejected', 'cancelled']),
  /** `done`: the saga has ended. */
  step: v.string(),
  units: Units,
  total: Count,
  currency: v.string(),
  /** Since it came to its step. */
  stepSeconds: Seconds,
  /** How often the step's command has been sent. */
  attempts: Count,
  /** Since its deadline; below 0: until it, 0: it has none. */
  overdueSeconds: Seconds,
});

export const ReservationFact = v.object({
  fact: v.literal('reservation'),
  orderId: OrderId,
  state: v.picklist(['held', 'committed', 'released', 'rejected']),
  units: Units,
  ageSeconds: Seconds,
});

export const PaymentFact = v.object({
  fact: v.literal('payment'),
  orderId: OrderId,
  state: v.picklist(['authorizing', 'authorized', 'capturing', 'captured', 'declined', 'voiding', 'voided']),
  amount: Amount,
  currency: v.nullable(v.string()),
  ageSeconds: Seconds,
  /** Calls to the card processor for what is under way. */
  calls: Count,
});

/** What the card processor's own books say of an order: how often money was authorized, captured and voided, and how much. */
export const BooksFact = v.object({
  fact: v.literal('books'),
  orderId: OrderId,
  authorized: Count,
  captured: Count,
  voided: Count,
  authorizedAmount: Count,
  capturedAmount: Count,
  currency: v.nullable(v.string()),
  ageSeconds: Seconds,
});

export const Fact = v.variant('fact', [
  MessagingFact,
  ProductFact,
  GatewayFact,
  OrderFact,
  ReservationFact,
  PaymentFact,
  BooksFact,
]);

export type MessagingFact = v.InferOutput<typeof MessagingFact>;
export type ProductFact = v.InferOutput<typeof ProductFact>;
export type OrderFact = v.InferOutput<typeof OrderFact>;
export type ReservationFact = v.InferOutput<typeof ReservationFact>;
export type PaymentFact = v.InferOutput<typeof PaymentFact>;
export type BooksFact = v.InferOutput<typeof BooksFact>;
export type Fact = v.InferOutput<typeof Fact>;

/** Facts in portions: first those about no order, then those about orders, in order-id order. */
export type Facts = AsyncIterable<readonly Fact[]>;

/** Which facts are wanted. */
export interface Scope {
  readonly orderIds: 'all' | readonly string[];
  readonly products: boolean;
}

/** Gives a module's facts, all of one moment, for as long as `work` reads them. The moment is past when `work` is called. */
export type ReadFacts = <T>(scope: Scope, work: (facts: Facts) => Promise<T>) => Promise<T>;
