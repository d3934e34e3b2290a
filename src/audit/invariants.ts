/**
 * What must be true of three databases that share nothing, and of every order in them. Pure: facts in, suspicions out.
 *
 * The modules agree a moment later, not at once: an invariant about two of them counts only when the one that knew first has
 * known for longer than the grace time. Order is read before the others, so what it says has ended must be visible there.
 */
import type { BooksFact, MessagingFact, OrderFact, PaymentFact, ProductFact } from '../contracts/facts.ts';
import type { Case } from './join.ts';

/** Every invariant: what a violation is called for people, and what they can do about it. */
export const invariants = {
  order_overdue: {
    title: 'orders past their deadlines',
    whatToDo:
      'See who does not answer: does that module run, what is in its failures? The saga goes on by itself when it does.',
  },
  confirmed_not_committed: {
    title: 'confirmed, but the units are not taken',
    whatToDo:
      "See Stock's failures for this order. What is still held asks Order again after INQUIRY_AFTER_SECONDS; anything else needs a person.",
  },
  confirmed_not_captured: {
    title: 'confirmed, but the money is not taken',
    whatToDo:
      "See Payment's failures and whether the card processor answers. Captures are repeated for ever; a missing payment needs a person.",
  },
  committed_not_confirmed: {
    title: 'units taken for an order that is not confirmed',
    whatToDo: 'Was a database restored? Decide whether the goods left; receive them again if not.',
  },
  captured_not_confirmed: {
    title: 'money taken for an order that is not confirmed',
    whatToDo: 'Was a database restored? Refund the customer at the card processor, or ship.',
  },
  ended_but_held: {
    title: 'rejected or cancelled, but units are still held',
    whatToDo: 'Stock asks Order again after INQUIRY_AFTER_SECONDS. If it stays, see the failures of both.',
  },
  ended_but_authorized: {
    title: 'rejected or cancelled, but money is still authorized',
    whatToDo: 'Payment asks Order again after INQUIRY_AFTER_SECONDS. If it stays, see the failures of both.',
  },
  units_differ: {
    title: 'Stock reserved other units than were ordered',
    whatToDo: 'Nothing in the program does that: was a database restored or edited? Correct the shipment.',
  },
  amount_differs: {
    title: "the payment is not the order's total",
    whatToDo:
      'Nothing in the program does that: was a database restored or edited? Refund or charge the difference.',
  },
  paid_twice: {
    title: 'more than one payment for an order',
    whatToDo:
      'Void or refund all but one at the card processor, then find out how the second key came to be.',
  },
  unknown_order: {
    title: 'orders that Order does not know',
    whatToDo: "Was Order's database restored? Undo what is held and paid, or enter the order again.",
  },
  gateway_disagrees: {
    title: "the card processor's books say something else than Payment",
    whatToDo:
      'The card processor is right about money that has moved. Compare both, then void, refund or capture there.',
  },
  levels_disagree: {
    title: 'products whose units do not add up',
    whatToDo: "Stock's own sums differ: was its database edited? Count the goods and correct the product.",
  },
  outbox_stuck: {
    title: 'messages wait too long to be sent',
    whatToDo:
      'Is the broker there, and does the module run? GET /admin/{module}/outbox tells what it last said. They are sent by themselves.',
  },
  dead_failures: {
    title: 'messages that could not be handled wait for a person',
    whatToDo:
      'GET /admin/{module}/failures tells their errors. Mend the cause and redrive them, or discard them with a reason.',
  },
} as const;

export type Invariant = keyof typeof invariants;

/** Something that should not be; if it still is on a second look, it is a finding. */
export interface Suspicion {
  readonly invariant: Invariant;
  /** The order's id, the sku or the module. */
  readonly subject: string;
  /** What each says, in words: nothing is there where it is null. */
  readonly says: Readonly<Partial<Record<'order' | 'stock' | 'payment' | 'gateway', string | null>>>;
}

/** What is wrong with one order. */
export function suspectOrder(one: Case, graceSeconds: number): readonly Suspicion[] {
  const broken = one.order ? brokenOf(one, one.order, graceSeconds) : unknownFor(one, graceSeconds);
  if (broken.length === 0) return [];
  const says = tell(one);
  return broken.map((invariant) => ({ invariant, subject: one.orderId, says }));
}

function unknownFor({ reservation, payments, books }: Case, graceSeconds: number): readonly Invariant[] {
  const ages = [reservation, ...payments, books].map((fact) => fact?.ageSeconds ?? 0);
  return Math.max(...ages) > graceSeconds ? ['unknown_order'] : [];
}

function brokenOf(one: Case, order: OrderFact, graceSeconds: number): readonly Invariant[] {
  const { reservation, payments, books } = one;
  const broken: Invariant[] = [];
  const payment = payments.find(isLive) ?? payments[0];
  const isOld = order.stepSeconds > graceSeconds;
  const isUndone = order.step === 'done' && order.status !== 'confirmed';
  if (isOverdue(order, graceSeconds)) broken.push('order_overdue');

  if (order.status === 'confirmed') {
    if (isOld && reservation?.state !== 'committed') broken.push('confirmed_not_committed');
    if (isOld && payment?.state !== 'captured') broken.push('confirmed_not_captured');
  } else {
    if (reservation?.state === 'committed' && reservation.ageSeconds > graceSeconds)
      broken.push('committed_not_confirmed');
    if (payment && takesMoney(payment) && payment.ageSeconds > graceSeconds)
      broken.push('captured_not_confirmed');
    if (isUndone && isOld && reservation?.state === 'held') broken.push('ended_but_held');
    if (isUndone && isOld && payment && isLive(payment) && !takesMoney(payment))
      broken.push('ended_but_authorized');
  }

  // A tombstone has no lines and no amount; whatever has, has had them from its first moment on.
  if (reservation && reservation.units !== '' && reservation.units !== order.units)
    broken.push('units_differ');
  if (payments.some((paid) => paid.amount !== null && differs(paid, order.total, order.currency)))
    broken.push('amount_differs');
  if (payments.filter(isLive).length > 1 || (books && (books.authorized > 1 || books.captured > 1)))
    broken.push('paid_twice');
  else if (one.showsBooks && disagree(payment, books, graceSeconds)) broken.push('gateway_disagrees');
  return broken;
}

/** Nobody looks at its deadline, or an answer has been missed and it stands where it stood. */
const isOverdue = ({ step, overdueSeconds, attempts, stepSeconds }: OrderFact, graceSeconds: number) =>
  step !== 'done' && (overdueSeconds > graceSeconds || (attempts > 1 && stepSeconds > graceSeconds));

/** Money is promised or taken, or may be. */
const isLive = ({ state }: PaymentFact) => state !== 'declined' && state !== 'voided';
const takesMoney = ({ state }: PaymentFact) => state === 'capturing' || state === 'captured';
const differs = (
  paid: { amount: number | null; currency: string | null },
  amount: number,
  currency: string,
) => paid.amount !== amount || paid.currency !== currency;

/** While a call is under way the books may be ahead; what money moves then, they must say by themselves. */
function disagree(
  payment: PaymentFact | undefined,
  books: BooksFact | undefined,
  graceSeconds: number,
): boolean {
  if (Math.min(payment?.ageSeconds ?? Infinity, books?.ageSeconds ?? Infinity) <= graceSeconds) return false;
  const { authorized, captured, voided, authorizedAmount, capturedAmount } = books ?? noBooks;
  if (
    authorized > 0 &&
    (!payment || payment.amount !== authorizedAmount || payment.currency !== books?.currency)
  )
    return true;
  if (captured > 0 && capturedAmount !== authorizedAmount) return true;
  switch (payment?.state) {
    case 'authorized':
      return authorized !== 1 || captured + voided > 0;
    case 'captured':
      return authorized !== 1 || captured !== 1 || voided > 0;
    case 'authorizing':
      return captured + voided > 0;
    case 'capturing':
      return authorized !== 1 || voided > 0;
    case 'voiding':
      return captured > 0;
    case 'declined':
      return authorized > 0;
    default:
      return authorized > voided || captured > 0;
  }
}

const noBooks = { authorized: 0, captured: 0, voided: 0, authorizedAmount: 0, capturedAmount: 0 };

/** Stock's own sums, of one moment: there is nothing to wait for. */
export function suspectProduct({
  sku,
  onHand,
  reserved,
  received,
  held,
  committed,
}: ProductFact): readonly Suspicion[] {
  if (onHand + committed === received && reserved === held) return [];
  const stock = `${onHand} on hand and ${committed} committed of ${received} received; ${reserved} reserved, ${held} held`;
  return [{ invariant: 'levels_disagree', subject: sku, says: { stock } }];
}

export function suspectMessaging(
  { module, outboxMessages, outboxOldestSeconds, parked, dead }: MessagingFact,
  graceSeconds: number,
): readonly Suspicion[] {
  const suspicions: Suspicion[] = [];
  if (outboxOldestSeconds > graceSeconds) {
    const waiting = `${outboxMessages} messages wait, the oldest for ${seconds(outboxOldestSeconds)}`;
    suspicions.push({ invariant: 'outbox_stuck', subject: module, says: { [module]: waiting } });
  }
  if (dead > 0)
    suspicions.push({
      invariant: 'dead_failures',
      subject: module,
      says: { [module]: `${dead} dead, ${parked} tried again by themselves` },
    });
  return suspicions;
}

function tell({ order, reservation, payments, books, showsBooks }: Case): Suspicion['says'] {
  return {
    order: order ? tellOrder(order) : null,
    stock: reservation
      ? `${reservation.state} (${reservation.units || 'nothing'}) for ${seconds(reservation.ageSeconds)}`
      : null,
    payment: payments.length > 0 ? payments.map(tellPayment).join(' and ') : null,
    ...(showsBooks && { gateway: books ? tellBooks(books) : null }),
  };
}

function tellOrder({
  status,
  step,
  units,
  total,
  currency,
  stepSeconds,
  attempts,
  overdueSeconds,
}: OrderFact): string {
  const order = `${status} (${units}; ${total} ${currency})`;
  if (step === 'done') return `${order} for ${seconds(stepSeconds)}`;
  const overdue = overdueSeconds > 0 ? `, deadline passed ${seconds(overdueSeconds)} ago` : '';
  return `${order} at ${step} for ${seconds(stepSeconds)}, asked ${attempts} times${overdue}`;
}

const tellPayment = ({ state, amount, currency, ageSeconds, calls }: PaymentFact) =>
  `${state} (${amount === null ? 'nothing' : `${amount} ${currency}`}) for ${seconds(ageSeconds)}${calls > 0 ? `, ${calls} calls` : ''}`;

function tellBooks({
  authorized,
  captured,
  voided,
  authorizedAmount,
  capturedAmount,
  currency,
}: BooksFact): string {
  return `${authorized} authorized (${authorizedAmount} ${currency}), ${captured} captured (${capturedAmount} ${currency}), ${voided} voided`;
}

const seconds = (value: number) => `${Math.round(value)} s`;
