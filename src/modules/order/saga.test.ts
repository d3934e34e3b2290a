import { describe, expect, test } from 'vitest';
import { advance, type Position, replies, type Trigger } from './saga.ts';

const triggers: readonly Trigger[] = [...replies, 'cancel', 'gave_up'];

/**
 * Every place an order can be, and where every trigger leads from there, written out by hand: `late` and `impossible` as
 * they are, a step with its status otherwise. In the order of `triggers`.
 */
const outcomes: readonly (readonly [Position, readonly string[]])[] = [
  [
    { step: 'reserving_stock', status: 'pending' },
    [
      'authorizing_payment pending',
      'done rejected',
      'impossible',
      'impossible',
      'impossible',
      'impossible',
      'releasing_stock cancelled',
      'releasing_stock rejected',
    ],
  ],
  [
    { step: 'authorizing_payment', status: 'pending' },
    [
      'late',
      'impossible',
      'impossible',
      'done confirmed',
      'releasing_stock rejected',
      'impossible',
      'voiding_payment cancelled',
      'voiding_payment rejected',
    ],
  ],
  ...(['cancelled', 'rejected'] as const).flatMap((status) => [
    [
      { step: 'voiding_payment', status },
      ['late', 'impossible', 'late', 'late', 'late', `releasing_stock ${status}`, 'late', 'late'],
    ] as const,
    [
      { step: 'releasing_stock', status },
      ['late', 'late', `done ${status}`, 'late', 'late', 'late', 'late', 'late'],
    ] as const,
    [{ step: 'done', status }, ['late', 'late', 'late', 'late', 'late', 'late', 'late', 'late']] as const,
  ]),
  [
    { step: 'done', status: 'confirmed' },
    ['late', 'impossible', 'impossible', 'late', 'impossible', 'impossible', 'late', 'late'],
  ],
];

describe.each(outcomes)('at %o', (position, expected) => {
  test.each(triggers.map((trigger, i) => [trigger, expected[i]] as const))(
    '%s leads to %s',
    (trigger, outcome) => {
      const next = advance(position, trigger);
      expect(typeof next === 'string' ? next : `${next.step} ${next.status}`).toBe(outcome);
    },
  );
});

test('from everywhere every order reaches its end, if it is answered', () => {
  const answers: Record<string, Trigger> = {
    reserving_stock: 'stock.reserved',
    authorizing_payment: 'payment.authorized',
    voiding_payment: 'payment.voided',
    releasing_stock: 'stock.released',
  };
  for (const [start] of outcomes) {
    let position = start;
    for (let hops = 0; position.step !== 'done'; hops += 1) {
      expect(hops).toBeLessThan(4);
      const next = advance(position, answers[position.step] ?? 'cancel');
      if (typeof next === 'string') throw new Error(`stuck at ${position.step}`);
      position = next;
    }
  }
});

test('an outcome that was told never changes', () => {
  for (const [position] of outcomes)
    for (const trigger of triggers) {
      const next = advance(position, trigger);
      if (typeof next !== 'string' && position.status !== 'pending')
        expect(next.status).toBe(position.status);
    }
});
