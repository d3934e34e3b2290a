/** The payment: pure decisions. A message or the card processor's answer, one at a time. */
import type { Cause } from '../../outbox/index.ts';

export type State =
  | 'authorizing'
  | 'authorized'
  | 'capturing'
  | 'captured'
  | 'declined'
  | 'voiding'
  | 'voided';
/** What the card processor is asked to do. */
export const operations = ['authorize', 'capture', 'void'] as const;
export type Operation = (typeof operations)[number];

export interface Payment {
  readonly orderId: string;
  readonly state: State;
  /** In minor units; null for a tombstone. */
  readonly amount: number | null;
  readonly currency: string | null;
  /** Kept only until the card processor has given a definite answer to the authorization. */
  readonly paymentToken: string | null;
  /** What that answer was; null: not known. */
  readonly approved: boolean | null;
  readonly declineCode: string | null;
  /** The command that is to be answered. */
  readonly cause: Cause | null;
}

/** The payment after a decision, and what is answered to its cause. */
export interface Decision {
  readonly payment: Payment;
  readonly reply: { readonly type: string; readonly data: unknown } | null;
}

export interface Charge {
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
}

/** A definite answer of the card processor. */
export type Answer =
  | { readonly approved: true }
  | { readonly approved: false; readonly declineCode: string }
  | 'done';

const voided = { type: 'payment.voided', data: {} };

/** What is to be called now; null: nothing. A void whose authorization is not known asks for that first. */
export function operationOf({ state, approved }: Payment): Operation | null {
  switch (state) {
    case 'authorizing':
      return 'authorize';
    case 'capturing':
      return 'capture';
    case 'voiding':
      return approved ? 'void' : 'authorize';
    default:
      return null;
  }
}

/** The intent to charge. One that is there already answers as it is: another amount under the same order is not another payment. */
export function authorize(
  orderId: string,
  known: Payment | undefined,
  charge: Charge,
  cause: Cause,
): Decision {
  if (!known)
    return {
      payment: { orderId, state: 'authorizing', ...charge, approved: null, declineCode: null, cause },
      reply: null,
    };
  const payment = { ...known, cause };
  switch (known.state) {
    case 'authorizing':
      return { payment, reply: null };
    case 'authorized':
    case 'capturing':
    case 'captured':
      return { payment, reply: { type: 'payment.authorized', data: {} } };
    case 'declined':
      return { payment, reply: { type: 'payment.declined', data: { declineCode: known.declineCode } } };
    // It was voided meanwhile: that is what the late command is told, now or when it is so.
    case 'voiding':
      return { payment: known, reply: null };
    case 'voided':
      return { payment, reply: voided };
  }
}

/** Undoes it, whatever came before. Captured money cannot be voided. */
export function voidPayment(
  orderId: string,
  known: Payment | undefined,
  cause: Cause,
): Decision | 'impossible' {
  if (!known) {
    const nothing = { amount: null, currency: null, paymentToken: null, approved: null, declineCode: null };
    return { payment: { orderId, state: 'voided', ...nothing, cause }, reply: voided };
  }
  const payment = { ...known, cause };
  switch (known.state) {
    case 'authorizing':
    case 'authorized':
      return { payment: { ...payment, state: 'voiding' }, reply: null };
    case 'voiding':
      return { payment, reply: null };
    // No money was promised: there is nothing to undo, and it stays known that it was declined.
    case 'declined':
    case 'voided':
      return { payment, reply: voided };
    case 'capturing':
    case 'captured':
      return 'impossible';
  }
}

/** The order is confirmed: the money is taken. Nobody waits for an answer. */
export function capture(known: Payment | undefined): Decision | 'impossible' {
  switch (known?.state) {
    case 'authorized':
      return { payment: { ...known, state: 'capturing' }, reply: null };
    case 'capturing':
    case 'captured':
      return { payment: known, reply: null };
    default:
      return 'impossible';
  }
}

/** What the card processor has answered, whatever the state by now. `stale`: nobody asks that any more. */
export function record(known: Payment, operation: Operation, answer: Answer): Decision | 'stale' {
  if (operationOf(known) !== operation) return 'stale';
  if (answer === 'done')
    return operation === 'capture'
      ? { payment: { ...known, state: 'captured' }, reply: null }
      : { payment: { ...known, state: 'voided' }, reply: voided };
  const payment = { ...known, paymentToken: null, approved: answer.approved };
  if (!answer.approved) {
    const { declineCode } = answer;
    const reply = known.state === 'voiding' ? voided : { type: 'payment.declined', data: { declineCode } };
    return { payment: { ...payment, state: 'declined', declineCode }, reply };
  }
  if (known.state === 'voiding') return { payment, reply: null };
  return { payment: { ...payment, state: 'authorized' }, reply: { type: 'payment.authorized', data: {} } };
}
