/** The order: pure decisions. Each takes an order and what happened, and gives the order after it and what is to be said. */
import type { ListedProduct } from '../../contracts/stock.ts';
import type { Line, Participant, Reason } from '../../contracts/values.ts';
import { advance, type Status, type Step, steps, type Trigger } from './saga.ts';

export interface PricedLine extends Line {
  readonly name: string;
  /** In minor units, as it was when the order was placed. */
  readonly unitPrice: number;
}

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly email: string | null;
  readonly step: Step;
  readonly status: Status;
  readonly reason: Reason | null;
  readonly lines: readonly PricedLine[];
  /** In minor units. */
  readonly total: number;
  readonly currency: string;
  /** Kept only until the payment step is over. */
  readonly paymentToken: string | null;
  /** How often the step's command has been sent; 0 when nothing is awaited. */
  readonly stepAttempts: number;
}

/** Something to be said about this order. */
export interface Saying {
  readonly type: string;
  readonly data: unknown;
}

/** The order after a decision, and what it says: at most one command, which an answer is awaited to. */
export interface Decision {
  readonly order: Order;
  readonly command: Saying | null;
  readonly news: Saying | null;
}

/** How long an answer is awaited, and how often it is asked for. */
export interface Patience {
  readonly stepTimeoutSeconds: number;
  readonly stepMaxAttempts: number;
}

export interface Placing {
  readonly customerId: string;
  readonly lines: readonly Line[];
  readonly paymentToken: string;
  readonly email?: string | undefined;
}

/** Why an order cannot be placed: each fault names its line. */
export type Refusal = { readonly line: number; readonly fault: 'unknown_product' | 'other_currency' }[];

/** Prices an order from the copy of Stock's products and takes its first step. */
export function place(
  id: string,
  placing: Placing,
  products: ReadonlyMap<string, ListedProduct>,
): Decision | { readonly refused: Refusal } {
  const refused: Refusal = [];
  const lines: PricedLine[] = [];
  let currency = '';
  for (const [line, { sku, quantity }] of placing.lines.entries()) {
    const product = products.get(sku);
    if (!product) refused.push({ line, fault: 'unknown_product' });
    else {
      currency ||= product.currency;
      if (product.currency !== currency) refused.push({ line, fault: 'other_currency' });
      lines.push({ sku, name: product.name, quantity, unitPrice: product.unitPrice });
    }
  }
  if (refused.length > 0) return { refused };
  const order: Order = {
    id,
    customerId: placing.customerId,
    email: placing.email ?? null,
    status: 'pending',
    step: 'reserving_stock',
    reason: null,
    lines,
    total: lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0),
    currency,
    paymentToken: placing.paymentToken,
    stepAttempts: 1,
  };
  return { order, command: commandOf(order), news: null };
}

/** What a reply, a cancellation or giving up does to an order. `reason` says why, where the outcome needs one. */
export function decide(
  order: Order,
  trigger: Trigger,
  reason: Reason | null,
): Decision | 'late' | 'impossible' {
  const position = advance(order, trigger);
  if (typeof position === 'string') return position;
  const next: Order = {
    ...order,
    ...position,
    reason: position.status === 'confirmed' ? null : position.status === order.status ? order.reason : reason,
    paymentToken:
      position.step === 'reserving_stock' || position.step === 'authorizing_payment'
        ? order.paymentToken
        : null,
    stepAttempts: position.step === 'done' ? 0 : 1,
  };
  return {
    order: next,
    command: commandOf(next),
    news: position.status === order.status ? null : newsOf(next),
  };
}

/** What a passed deadline does: the command again, or, when a forward step has been asked often enough, the way back. */
export function expire(order: Order, patience: Patience): Decision {
  const step = order.step === 'done' ? undefined : steps[order.step];
  if (step && !step.undoes && order.stepAttempts >= patience.stepMaxAttempts) {
    const attempts = `${step.command} was not answered ${order.stepAttempts} times`;
    const decision = decide(order, 'gave_up', { code: 'timed_out', detail: attempts });
    if (typeof decision !== 'string') return decision;
  }
  return { order: { ...order, stepAttempts: order.stepAttempts + 1 }, command: commandOf(order), news: null };
}

/** How long the answer to the latest command is awaited: it doubles with every attempt, up to ten times the first wait. */
export function waitSeconds(order: Order, patience: Patience): number | null {
  if (order.step === 'done') return null;
  return patience.stepTimeoutSeconds * Math.min(2 ** (order.stepAttempts - 1), 10);
}

/** What a participant is told that holds something and asks what has become of the order: nothing while that is open. */
export function answerInquiry(order: Order, participant: Participant): Saying | null {
  if (order.status === 'confirmed') return { type: 'order.confirmed', data: {} };
  if (order.status === 'pending') return null;
  if (participant === 'payment') return { type: 'payment.void', data: {} };
  // Stock gives back only after Payment has: until then an authorization may still be found.
  return order.step === 'voiding_payment' ? null : { type: 'stock.release', data: {} };
}

function commandOf(order: Order): Saying | null {
  switch (order.step) {
    case 'reserving_stock': {
      const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
      return { type: steps.reserving_stock.command, data: { lines } };
    }
    case 'authorizing_payment': {
      const { total: amount, currency, paymentToken } = order;
      return { type: steps.authorizing_payment.command, data: { amount, currency, paymentToken } };
    }
    case 'voiding_payment':
    case 'releasing_stock':
      return { type: steps[order.step].command, data: {} };
    case 'done':
      return null;
  }
}

function newsOf({ status, reason }: Order): Saying {
  return { type: `order.${status}`, data: status === 'confirmed' ? {} : { reason } };
}
