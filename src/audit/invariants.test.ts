import { describe, expect, test } from 'vitest';
import type { BooksFact, OrderFact, PaymentFact, ReservationFact } from '../contracts/facts.ts';
import { suspectMessaging, suspectOrder, suspectProduct } from './invariants.ts';
import type { Case } from './join.ts';

const orderId = '01900000-0000-7000-8000-000000000001';
const graceSeconds = 60;
const [young, old] = [59, 61];

const orderAt = (status: OrderFact['status'], step: string, more: Partial<OrderFact> = {}): OrderFact => ({
  fact: 'order',
  orderId,
  status,
  step,
  units: '2 MUG-01',
  total: 2500,
  currency: 'EUR',
  stepSeconds: old,
  attempts: step === 'done' ? 0 : 1,
  overdueSeconds: step === 'done' ? 0 : -10,
  ...more,
});
const reservationOf = (
  state: ReservationFact['state'],
  more: Partial<ReservationFact> = {},
): ReservationFact => ({
  fact: 'reservation',
  orderId,
  state,
  units: '2 MUG-01',
  ageSeconds: old,
  ...more,
});
const paymentOf = (state: PaymentFact['state'], more: Partial<PaymentFact> = {}): PaymentFact => ({
  fact: 'payment',
  orderId,
  state,
  amount: 2500,
  currency: 'EUR',
  ageSeconds: old,
  calls: 0,
  ...more,
});
/** The card processor's books: how often it was authorized, captured, voided. */
const booksOf = (
  authorized: number,
  captured: number,
  voided: number,
  more: Partial<BooksFact> = {},
): BooksFact => ({
  fact: 'books',
  orderId,
  authorized,
  captured,
  voided,
  authorizedAmount: authorized * 2500,
  capturedAmount: captured * 2500,
  currency: 'EUR',
  ageSeconds: old,
  ...more,
});

type Known = Partial<Pick<Case, 'order' | 'reservation' | 'books' | 'showsBooks'>> & {
  payment?: PaymentFact;
};
const broken = ({ payment, ...known }: Known) =>
  suspectOrder({ orderId, payments: payment ? [payment] : [], showsBooks: true, ...known }, graceSeconds).map(
    ({ invariant }) => invariant,
  );

const confirmed = orderAt('confirmed', 'done');
const cancelled = orderAt('cancelled', 'done');
const rejected = orderAt('rejected', 'done');
const authorizing = orderAt('pending', 'authorizing_payment');
const tombstone = { amount: null, currency: null };

describe('where an order may stand, for however long', () => {
  const lawful: readonly (readonly [string, Known])[] = [
    ['waits for Stock', { order: orderAt('pending', 'reserving_stock') }],
    ['has its units', { order: authorizing, reservation: reservationOf('held') }],
    [
      'waits for the card processor, which has answered unheard',
      {
        order: authorizing,
        reservation: reservationOf('held'),
        payment: paymentOf('authorizing'),
        books: booksOf(1, 0, 0),
      },
    ],
    [
      'is confirmed',
      {
        order: confirmed,
        reservation: reservationOf('committed'),
        payment: paymentOf('captured'),
        books: booksOf(1, 1, 0),
      },
    ],
    ['was out of stock', { order: rejected, reservation: reservationOf('rejected') }],
    [
      'was declined',
      { order: rejected, reservation: reservationOf('released'), payment: paymentOf('declined') },
    ],
    [
      'was voided',
      {
        order: cancelled,
        reservation: reservationOf('released'),
        payment: paymentOf('voided'),
        books: booksOf(1, 0, 1),
      },
    ],
    [
      'was cancelled before anybody heard of it: tombstones',
      {
        order: cancelled,
        reservation: reservationOf('released', { units: '' }),
        payment: paymentOf('voided', tombstone),
      },
    ],
    [
      'is being voided',
      {
        order: orderAt('cancelled', 'voiding_payment'),
        reservation: reservationOf('held'),
        payment: paymentOf('voiding'),
        books: booksOf(1, 0, 1),
      },
    ],
    [
      'gives its units back',
      {
        order: orderAt('cancelled', 'releasing_stock'),
        reservation: reservationOf('held'),
        payment: paymentOf('voided'),
        books: booksOf(1, 0, 1),
      },
    ],
  ];
  test.each(lawful)('it %s', (_, known) => expect(broken(known)).toEqual([]));
});

describe('what the others have not heard yet is nothing; what they should have heard is', () => {
  const young_ = { stepSeconds: young };
  const late: readonly (readonly [string, Known, Known])[] = [
    [
      'confirmed_not_committed',
      {
        order: orderAt('confirmed', 'done', young_),
        reservation: reservationOf('held'),
        payment: paymentOf('captured'),
        books: booksOf(1, 1, 0),
      },
      { order: confirmed },
    ],
    [
      'confirmed_not_captured',
      {
        order: orderAt('confirmed', 'done', young_),
        reservation: reservationOf('committed'),
        payment: paymentOf('capturing'),
        books: booksOf(1, 0, 0),
      },
      { order: confirmed },
    ],
    [
      'committed_not_confirmed',
      { order: authorizing, reservation: reservationOf('committed', { ageSeconds: young }) },
      { reservation: reservationOf('committed') },
    ],
    [
      'captured_not_confirmed',
      {
        order: authorizing,
        reservation: reservationOf('held'),
        payment: paymentOf('capturing', { ageSeconds: young }),
        books: booksOf(1, 1, 0),
      },
      { payment: paymentOf('capturing') },
    ],
    [
      'ended_but_held',
      { order: orderAt('cancelled', 'done', young_), reservation: reservationOf('held') },
      { order: cancelled },
    ],
    [
      'ended_but_authorized',
      {
        order: orderAt('rejected', 'done', young_),
        payment: paymentOf('authorized'),
        books: booksOf(1, 0, 0),
      },
      { order: rejected },
    ],
    [
      'unknown_order',
      { reservation: reservationOf('released', { ageSeconds: young }) },
      { reservation: reservationOf('released') },
    ],
    [
      'order_overdue',
      { order: orderAt('pending', 'reserving_stock', { attempts: 2, stepSeconds: young }) },
      { order: orderAt('pending', 'reserving_stock', { attempts: 2 }) },
    ],
    [
      'order_overdue',
      { order: orderAt('pending', 'reserving_stock', { overdueSeconds: young }) },
      { order: orderAt('pending', 'reserving_stock', { overdueSeconds: old }) },
    ],
    [
      'gateway_disagrees',
      {
        order: authorizing,
        payment: paymentOf('authorized'),
        books: booksOf(1, 1, 0, { ageSeconds: young }),
      },
      { books: booksOf(1, 1, 0) },
    ],
    [
      'gateway_disagrees',
      {
        order: authorizing,
        payment: paymentOf('authorized', { ageSeconds: young }),
        books: booksOf(0, 0, 0),
      },
      { payment: paymentOf('authorized') },
    ],
  ];
  test.each(late)('%s', (invariant, early, change) => {
    expect(broken(early)).toEqual([]);
    expect(broken({ ...early, ...change })).toEqual([invariant]);
  });
});

test('what was taken for an order that is not confirmed is told once', () => {
  const known = {
    reservation: reservationOf('committed'),
    payment: paymentOf('captured'),
    books: booksOf(1, 1, 0),
  };
  for (const order of [authorizing, cancelled, rejected])
    expect(broken({ order, ...known })).toEqual(['committed_not_confirmed', 'captured_not_confirmed']);
});

test('other units or another amount are wrong at once', () => {
  const now = { ageSeconds: 0 };
  expect(
    broken({ order: authorizing, reservation: reservationOf('held', { units: '3 MUG-01', ...now }) }),
  ).toEqual(['units_differ']);
  for (const other of [{ amount: 2499 }, { currency: 'USD' }])
    expect(broken({ order: authorizing, payment: paymentOf('authorizing', { ...other, ...now }) })).toEqual([
      'amount_differs',
    ]);
});

test('two payments, or two of anything at the card processor, are one too many', () => {
  const payments = [paymentOf('captured'), paymentOf('authorized')];
  const one: Case = {
    orderId,
    order: confirmed,
    reservation: reservationOf('committed'),
    payments,
    books: booksOf(1, 1, 0),
    showsBooks: true,
  };
  const names = (known: Case) => suspectOrder(known, graceSeconds).map(({ invariant }) => invariant);
  expect(names(one)).toEqual(['paid_twice']);
  expect(names({ ...one, payments: [paymentOf('captured'), paymentOf('voided')] })).toEqual([]);
  for (const books of [booksOf(2, 1, 0), booksOf(1, 2, 0)])
    expect(names({ ...one, payments: [paymentOf('captured')], books })).toEqual(['paid_twice']);
});

describe("the card processor's books", () => {
  /** For each state of a payment: all the counts of authorized, captured, voided that agree with it. */
  const agreeing = {
    authorizing: ['000', '100'],
    authorized: ['100'],
    capturing: ['100', '110'],
    captured: ['110'],
    declined: ['000'],
    voiding: ['000', '100', '101'],
    voided: ['000', '101'],
  } as const;
  const all = [0, 1].flatMap((a) => [0, 1].flatMap((c) => [0, 1].map((v) => [a, c, v] as const)));
  const possible = all.filter(([a, c, v]) => a === 1 || c + v === 0);

  test.each(Object.entries(agreeing))('%s: only %s agree', (state, expected) => {
    const payment = paymentOf(state as PaymentFact['state']);
    const counts = possible.filter(
      ([a, c, v]) =>
        !broken({ order: authorizing, payment, books: booksOf(a, c, v) }).includes('gateway_disagrees'),
    );
    expect(counts.map((count) => count.join(''))).toEqual(expected);
  });

  test('amounts and currency are those of the payment, and what was captured is what was authorized', () => {
    const known = {
      order: confirmed,
      reservation: reservationOf('committed'),
      payment: paymentOf('captured'),
    };
    for (const other of [
      { authorizedAmount: 1, capturedAmount: 1 },
      { capturedAmount: 1 },
      { currency: 'USD' },
    ])
      expect(broken({ ...known, books: booksOf(1, 1, 0, other) })).toEqual(['gateway_disagrees']);
  });

  test('money for which Payment has nothing', () =>
    expect(broken({ order: authorizing, books: booksOf(1, 0, 1) })).toEqual(['gateway_disagrees']));

  test('where they are not shown, nothing follows from what is not there', () =>
    expect(
      broken({
        order: confirmed,
        reservation: reservationOf('committed'),
        payment: paymentOf('captured'),
        showsBooks: false,
      }),
    ).toEqual([]));
});

test("Stock's units add up, to the unit", () => {
  const product = {
    fact: 'product',
    sku: 'MUG-01',
    onHand: 90,
    reserved: 5,
    received: 100,
    held: 5,
    committed: 10,
  } as const;
  expect(suspectProduct(product)).toEqual([]);
  for (const other of [{ onHand: 91 }, { reserved: 4 }, { held: 6 }, { received: 99 }, { committed: 9 }])
    expect(suspectProduct({ ...product, ...other })).toMatchObject([{ invariant: 'levels_disagree' }]);
});

test('messages: those that wait for too long, and those that wait for a person', () => {
  const messaging = (oldestSeconds: number, dead: number) =>
    suspectMessaging(
      {
        fact: 'messaging',
        module: 'stock',
        outboxMessages: 9,
        outboxOldestSeconds: oldestSeconds,
        parked: 9,
        dead,
      },
      graceSeconds,
    ).map(({ invariant, subject }) => `${invariant} ${subject}`);
  expect(messaging(young, 0)).toEqual([]);
  expect(messaging(old, 0)).toEqual(['outbox_stuck stock']);
  expect(messaging(young, 1)).toEqual(['dead_failures stock']);
});
