/** AMQP messages: what the modules say to each other, changed in places, repeated, packed, and what nobody would say. */
import fc from 'fast-check';
import { handles as orderHandles } from '../../src/modules/order/messages.ts';
import { handles as paymentHandles } from '../../src/modules/payment/messages.ts';
import { handles as stockHandles } from '../../src/modules/stock/messages.ts';
import { type Content, content, hostile, type Json, mutated } from './hostile.ts';
import { skus, tokens } from './requests.ts';

export const queues = ['order', 'stock', 'payment'] as const;
export type Queue = (typeof queues)[number];

export interface AmqpInput {
  readonly queue: Queue;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, Json>>;
  /** How often the same bytes are sent. */
  readonly copies: number;
  readonly body: Content;
}

type Type = keyof typeof orderHandles | keyof typeof stockHandles | keyof typeof paymentHandles;

const sku = fc.constantFrom(...skus);
const nothing = fc.constant({});
const reason = fc.record({
  code: fc.constantFrom('out_of_stock', 'unknown_product', 'timed_out'),
  detail: fc.constantFrom('1 of MUG-01 were asked for, 0 are available', 'é 💥'),
});
const listed = fc.record({
  sku,
  name: fc.constantFrom('Mug', 'Tasse à café'),
  unitPrice: fc.integer({ min: 1, max: 5_000 }),
  currency: fc.constant('EUR'),
  version: fc.nat(1_000_000),
});

/** Well-formed content of every type that any module handles: a type without an entry does not compile. */
const contents: Readonly<Record<Type, fc.Arbitrary<Json>>> = {
  'order.inquire': fc.record({ participant: fc.constantFrom('stock', 'payment') }),
  'order.confirmed': nothing,
  'stock.reserve': fc.record({
    lines: fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  'stock.release': nothing,
  'stock.list_products': nothing,
  'stock.reserved': nothing,
  'stock.rejected': fc.record({ reason }),
  'stock.released': nothing,
  'stock.products_listed': fc.record({ products: fc.array(listed, { maxLength: 3 }), last: fc.boolean() }),
  'product.changed': listed,
  'payment.authorize': fc.record({
    amount: fc.nat(100_000),
    currency: fc.constant('EUR'),
    paymentToken: fc.constantFrom(...tokens),
  }),
  'payment.void': nothing,
  'payment.authorized': nothing,
  'payment.declined': fc.record({ declineCode: fc.constantFrom('card_declined', 'expired') }),
  'payment.voided': nothing,
};
const types: Readonly<Record<Queue, readonly Type[]>> = {
  order: Object.keys(orderHandles) as Type[],
  stock: Object.keys(stockHandles) as Type[],
  payment: Object.keys(paymentHandles) as Type[],
};

/** One of 200 orders that are there, or, seldom, of 100 that nobody has placed. */
const order = fc.oneof(
  { weight: 40, arbitrary: fc.nat(199).map((n) => `order#${n}`) },
  { weight: 1, arbitrary: fc.nat(99).map((n) => `foreign#${n}`) },
);
/** Mostly new; from a small number now and then one that was there before; some that no inbox has a place for. */
const id = fc.oneof(
  { weight: 30, arbitrary: fc.nat(2 ** 31 - 1).map((n) => `id#${n}`) },
  { weight: 1, arbitrary: fc.nat(300).map((n) => `id#${n}`) },
  { weight: 1, arbitrary: fc.nat(10_000).map((n) => `oldid#${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        'not-a-uuid',
        'ffffffff-ffff-7fff-8fff-ffffffffffff',
        '00000000-0000-7000-8000-000000000000',
        'xxxxxxxx-xxxx-7xxx-xxxx',
      ],
      ...[
        '01a20d4e-2116-73a4-ac27',
        '{01a20d4e-2116-73a4-ac27-ca1dece9e99f}',
        '01A20D4E-2116-73A4-AC27-CA1DECE9E99F',
        '00000000-0000-0000-0000-000000000000',
        'e4eaaaf2-d142-41b3-81d7-9e2b8b8b8b8b',
      ],
      ...['aaaaaaaaaaaaaa7', '01a20d4e-2116-7-----', '01a20d4e-2116-7\u0000'],
    ),
  },
);
const time = fc.constantFrom(
  '2026-03-01T12:00:00.000Z',
  '2026-02-31T23:59:59.999999999+14:00',
  '0000-01-01T00:00:00Z',
);

/** What says how something has ended is mostly impossible for an order that has ended otherwise: a few of them are enough. */
const endings: ReadonlySet<Type> = new Set([
  'stock.rejected',
  'stock.released',
  'payment.declined',
  'payment.voided',
  'stock.release',
  'payment.void',
  'order.confirmed',
]);

const event = (queue: Queue) =>
  fc
    .oneof(
      { weight: 40, arbitrary: fc.constantFrom(...types[queue].filter((type) => !endings.has(type))) },
      { weight: 3, arbitrary: fc.constantFrom(...types[queue]) },
      { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(contents) as Type[])) },
    )
    .chain((type) => {
      const about =
        type === 'product.changed'
          ? sku
          : /^stock\.(list_products|products_listed)$/.test(type)
            ? fc.constant('products')
            : order;
      return fc.record(
        {
          specversion: fc.constant('1.0'),
          id,
          source: fc.constant('/test'),
          type: fc.constant<string>(type),
          subject: about,
          time,
          data: contents[type],
          correlationid: about,
          causationid: fc.nat(300).map((n) => `id#${n}`),
          traceparent: fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
          tracestate: fc.constant('a=b'),
          senttime: time,
          attempt: fc.integer({ min: 1, max: 3 }),
          commandsent: time,
          commandattempt: fc.constant(1),
        },
        { requiredKeys: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'data'] },
      );
    });

const packed = (queue: Queue): fc.Arbitrary<Json> => {
  const one = mutated(event(queue) as fc.Arbitrary<Json>);
  return fc.oneof(
    { weight: 30, arbitrary: one },
    { weight: 6, arbitrary: fc.array(one, { maxLength: 10 }) },
    { weight: 1, arbitrary: mutated(fc.array(one, { maxLength: 3 })) },
    { weight: 1, arbitrary: hostile },
  );
};

/** Headers mean nothing to the program; a library on the way may think otherwise. */
const headers: fc.Arbitrary<Record<string, Json>> = fc.oneof(
  { weight: 15, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'rascal',
        'x-death',
        'x-delivery-count',

        'x',
        'cloudEvents:id',
        'x-first-death-queue',
      ),
      fc.oneof(
        fc.constantFrom<Json>(null, true, -1, 1.5, '', '__proto__', [[]], {}),
        fc.constantFrom<Json>(
          { encryption: { name: 'x' } },
          { encryption: 1 },
          { recovery: { 'order-saga.order': { immediateNack: true } } },
          { restoreRoutingHeaders: true, originalRoutingKey: 'x' },
          { redeliveries: -1 },
          [{ queue: 'order-saga.order', reason: 'rejected', count: 'x' }],
        ),
      ),
      { minKeys: 1, maxKeys: 2 },
    ),
  },
);

export const amqpInputs: fc.Arbitrary<AmqpInput> = fc.constantFrom(...queues).chain((queue) =>
  fc.record({
    queue: fc.constant(queue),
    contentType: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom('application/cloudevents+json', 'application/cloudevents-batch+json'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'application/json',
          'text/plain',
          '',
          'application/octet-stream',
          'a'.repeat(200),
        ),
      },
    ),
    headers,
    copies: fc.oneof({ weight: 19, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
    body: content(packed(queue)),
  }),
);
