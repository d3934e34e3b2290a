import { describe, expect, test } from 'vitest';
import {
  type Answer,
  authorize,
  capture,
  type Decision,
  operationOf,
  type Payment,
  record,
  type State,
  voidPayment,
} from './payment.ts';

const charge = { amount: 1250, currency: 'EUR', paymentToken: 'tok_visa' };
const first = { id: 'first' };
const again = { id: 'again' };

/** A payment in every state that it can be in; `voiding` twice: with and without a known authorization. */
const payments: Readonly<Record<State | 'voiding unknown', Payment>> = (() => {
  const base = { orderId: 'o', amount: 1250, currency: 'EUR', declineCode: null, cause: first };
  const known = (state: State, approved: boolean | null, paymentToken: string | null = null): Payment => ({
    ...base,
    state,
    approved,
    paymentToken,
  });
  return {
    authorizing: known('authorizing', null, 'tok_visa'),
    authorized: known('authorized', true),
    capturing: known('capturing', true),
    captured: known('captured', true),
    declined: { ...known('declined', false), declineCode: 'card_declined' },
    voiding: known('voiding', true),
    'voiding unknown': known('voiding', null, 'tok_visa'),
    voided: known('voided', true),
  };
})();
const states = Object.keys(payments) as (keyof typeof payments)[];

/** A decision in a word: the state after it, and what is answered. */
const told = (decision: Decision | string) =>
  typeof decision === 'string'
    ? decision
    : `${decision.payment.state}${decision.reply ? ` / ${decision.reply.type}` : ''}`;

describe('payment.authorize', () => {
  test('on nothing records the intent', () => {
    const decision = authorize('o', undefined, charge, first);
    expect(told(decision)).toBe('authorizing');
    expect(decision.payment).toMatchObject({ ...charge, approved: null, cause: first });
    expect(operationOf(decision.payment)).toBe('authorize');
  });

  const outcomes: Record<keyof typeof payments, string> = {
    authorizing: 'authorizing',
    authorized: 'authorized / payment.authorized',
    capturing: 'capturing / payment.authorized',
    captured: 'captured / payment.authorized',
    declined: 'declined / payment.declined',
    voiding: 'voiding',
    'voiding unknown': 'voiding',
    voided: 'voided / payment.voided',
  };
  test.each(states)('again while %s answers as it is, and charges nothing else', (state) => {
    const decision = authorize(
      'o',
      payments[state],
      { ...charge, amount: 9, paymentToken: 'tok_other' },
      again,
    );
    expect(told(decision)).toBe(outcomes[state]);
    expect(decision.payment).toMatchObject({ amount: 1250, paymentToken: payments[state].paymentToken });
  });

  test('the newest command is the one that is answered, unless a void is under way', () => {
    expect(authorize('o', payments.authorizing, charge, again).payment.cause).toBe(again);
    expect(authorize('o', payments.voiding, charge, again).payment.cause).toBe(first);
  });
});

describe('payment.void', () => {
  test('on nothing leaves a tombstone', () => {
    const decision = voidPayment('o', undefined, first) as Decision;
    expect(told(decision)).toBe('voided / payment.voided');
    expect(decision.payment).toMatchObject({ amount: null, paymentToken: null });
    expect(told(authorize('o', decision.payment, charge, again))).toBe('voided / payment.voided');
  });

  const outcomes: Record<keyof typeof payments, string> = {
    authorizing: 'voiding',
    authorized: 'voiding',
    capturing: 'impossible',
    captured: 'impossible',
    declined: 'declined / payment.voided',
    voiding: 'voiding',
    'voiding unknown': 'voiding',
    voided: 'voided / payment.voided',
  };
  test.each(states)('while %s', (state) =>
    expect(told(voidPayment('o', payments[state], again))).toBe(outcomes[state]),
  );

  test('asks for the authorization first when that is not known', () => {
    expect(operationOf((voidPayment('o', payments.authorizing, again) as Decision).payment)).toBe(
      'authorize',
    );
    expect(operationOf((voidPayment('o', payments.authorized, again) as Decision).payment)).toBe('void');
  });
});

describe('order.confirmed', () => {
  const outcomes: Record<keyof typeof payments, string> = {
    authorizing: 'impossible',
    authorized: 'capturing',
    capturing: 'capturing',
    captured: 'captured',
    declined: 'impossible',
    voiding: 'impossible',
    'voiding unknown': 'impossible',
    voided: 'impossible',
  };
  test.each(states)('while %s', (state) => expect(told(capture(payments[state]))).toBe(outcomes[state]));
  test('on nothing', () => expect(capture(undefined)).toBe('impossible'));
});

describe('an answer of the card processor', () => {
  const approved: Answer = { approved: true };
  const declined: Answer = { approved: false, declineCode: 'card_declined' };

  test.each([
    ['authorizing', 'authorize', approved, 'authorized / payment.authorized'],
    ['authorizing', 'authorize', declined, 'declined / payment.declined'],
    ['voiding unknown', 'authorize', approved, 'voiding'],
    ['voiding unknown', 'authorize', declined, 'declined / payment.voided'],
    ['voiding', 'void', 'done', 'voided / payment.voided'],
    ['capturing', 'capture', 'done', 'captured'],
  ] as const)('while %s to %s: %o', (state, operation, answer, outcome) => {
    expect(told(record(payments[state], operation, answer))).toBe(outcome);
  });

  test('the token is gone with the first definite answer', () => {
    for (const answer of [approved, declined])
      for (const state of ['authorizing', 'voiding unknown'] as const)
        expect((record(payments[state], 'authorize', answer) as Decision).payment.paymentToken).toBeNull();
  });

  test('what is voided after an approval is voided, not authorized again', () => {
    const { payment } = record(payments['voiding unknown'], 'authorize', approved) as Decision;
    expect(operationOf(payment)).toBe('void');
  });

  test('that nobody asks for any more is stale', () => {
    for (const state of states)
      for (const operation of ['authorize', 'capture', 'void'] as const)
        if (operationOf(payments[state]) !== operation)
          expect(record(payments[state], operation, operation === 'authorize' ? approved : 'done')).toBe(
            'stale',
          );
  });
});
