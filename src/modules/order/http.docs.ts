/** What Order's doors say of themselves: the shape of every answer, examples, and what may go wrong. */
import * as v from 'valibot';
import { Currency, Line, OrderId, ReasonCode, Sku } from '../../contracts/values.ts';
import { conditional, named, operation, pageOf, Time } from '../../http/index.ts';

const tag = 'Orders';
const id = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';

export const Status = v.picklist(['pending', 'confirmed', 'rejected', 'cancelled']);
const Step = v.picklist([
  'reserving_stock',
  'authorizing_payment',
  'voiding_payment',
  'releasing_stock',
  'done',
]);
const Count = v.pipe(v.number(), v.integer());

export const PricedLine = v.object({
  sku: Sku,
  name: v.string(),
  quantity: Line.entries.quantity,
  unitPrice: Count,
});
export const Reason = v.pipe(
  v.nullable(v.object({ code: ReasonCode, detail: v.string() })),
  v.description('Null unless it was rejected or cancelled.'),
);

export const OrderAnswer = named(
  'Order',
  v.object({
    id: OrderId,
    customerId: v.string(),
    status: v.pipe(Status, v.description('What the customer is told.')),
    step: v.pipe(Step, v.description('Where its saga stands. An order may have its outcome before `done`.')),
    reason: Reason,
    lines: v.array(PricedLine),
    total: v.pipe(Count, v.description('In minor units.')),
    currency: Currency,
    createdAt: Time,
    updatedAt: Time,
  }),
);

const Hop = v.object({
  id: v.pipe(v.string(), v.uuid()),
  type: v.string(),
  module: v.pipe(v.string(), v.description('Who wrote it.')),
  receiver: v.pipe(v.nullable(v.string()), v.description('Who handles it; null: news.')),
  written: Time,
  sent: v.nullable(Time),
  received: v.nullable(Time),
  handled: v.nullable(Time),
  attempts: v.nullable(Count),
  causationId: v.pipe(v.nullable(v.string()), v.description('The message that it follows from.')),
});
const Timeline = v.object({
  orderId: OrderId,
  steps: v.array(
    v.object({
      seq: Count,
      at: Time,
      event: v.pipe(
        v.string(),
        v.description('`place`, the type of a reply, `cancel`, `deadline`, `gave_up`.'),
      ),
      heeded: v.pipe(v.boolean(), v.description('False: it came late or twice, and nothing followed.')),
      step: Step,
      status: Status,
      messageId: v.nullable(v.string()),
    }),
  ),
  hops: v.array(Hop),
});

export const placed = {
  id,
  customerId: 'cus_1',
  status: 'pending',
  step: 'reserving_stock',
  reason: null,
  lines: [{ sku: 'MUG-01', name: 'Mug', quantity: 1, unitPrice: 1250 }],
  total: 1250,
  currency: 'EUR',
  createdAt: '2026-11-24T11:25:53.814Z',
  updatedAt: '2026-11-24T11:25:53.814Z',
};
const cancelled = {
  ...placed,
  status: 'cancelled',
  step: 'releasing_stock',
  reason: { code: 'cancelled_by_customer', detail: 'The customer cancelled the order.' },
};

export const placeOrder = operation({
  id: 'placeOrder',
  tag,
  summary: 'Place an order',
  description:
    'Answered when it is stored, usually while it is pending. Where a token is asked for, `customerId` must be its `sub`, unless it is an administrator’s.',
  headers: [
    {
      name: 'Prefer',
      description:
        '`wait=10`: answer when the order has its outcome, or as it is after so many seconds (30 at most).',
      example: 'wait=10',
    },
  ],
  examples: {
    mug: {
      summary: 'One mug, paid with a card that works',
      value: { customerId: 'cus_1', lines: [{ sku: 'MUG-01', quantity: 1 }], paymentToken: 'tok_visa' },
    },
    several: {
      summary: 'Several products, with a mail at the end',
      value: {
        customerId: 'cus_1',
        lines: [
          { sku: 'TEE-01', quantity: 2 },
          { sku: 'PEN-01', quantity: 10 },
        ],
        paymentToken: 'tok_visa',
        email: 'customer@example.com',
      },
    },
    declined: {
      summary: 'A card that is declined: the order is placed, and then rejected',
      value: { customerId: 'cus_1', lines: [{ sku: 'CAP-01', quantity: 1 }], paymentToken: 'tok_declined' },
    },
  },
  answers: {
    201: {
      description: 'It is placed.',
      schema: OrderAnswer,
      example: placed,
      headers: ['Location', 'Preference-Applied'],
    },
  },
  problems: ['order_not_placeable', 'products_unknown'],
});

export const listOrders = operation({
  id: 'listOrders',
  tag,
  summary: 'List orders, newest first',
  description: 'Without `customerId` a customer gets its own, an administrator everybody’s.',
  answers: {
    200: {
      description: 'A page of orders.',
      schema: pageOf(OrderAnswer),
      example: { data: [placed], nextCursor: null },
    },
  },
});

export const findOrder = operation({
  id: 'findOrder',
  tag,
  summary: 'An order as it is now',
  ...conditional({ description: 'The order.', schema: OrderAnswer, example: placed }),
  problems: ['order_not_found'],
});

export const findTimeline = operation({
  id: 'findTimeline',
  tag,
  summary: 'Every step of an order and every message that travelled for it',
  answers: {
    200: {
      description: 'Its steps in their order; its messages, causes before what they cause.',
      schema: Timeline,
      example: {
        orderId: id,
        steps: [
          {
            seq: 1,
            at: placed.createdAt,
            event: 'place',
            heeded: true,
            step: 'reserving_stock',
            status: 'pending',
            messageId: null,
          },
        ],
        hops: [
          {
            id: '01a20d4e-2117-7000-8c7e-3f0d5f9a1b2c',
            type: 'stock.reserve',
            module: 'order',
            receiver: 'stock',
            written: placed.createdAt,
            sent: null,
            received: null,
            handled: null,
            attempts: null,
            causationId: null,
          },
        ],
      },
    },
  },
  problems: ['order_not_found'],
});

export const cancelOrder = operation({
  id: 'cancelOrder',
  tag,
  summary: 'Cancel an order',
  description: 'Also one that is cancelled already; not one that is confirmed or rejected.',
  answers: {
    202: {
      description: 'It is cancelled; what was reserved and authorized for it is being given back.',
      schema: OrderAnswer,
      example: cancelled,
    },
  },
  problems: ['order_not_found', 'order_not_cancellable'],
});

export const expireDeadline = operation({
  id: 'expireDeadline',
  tag: 'Operation',
  summary: 'Do not wait any longer for the answer to an order’s command',
  description: 'The command is sent again at once, or the saga turns back if that was the last attempt.',
  examples: {
    now: { summary: 'Now', value: { by: 'anna', reason: 'the card processor is back' } },
  },
  answers: { 202: { description: 'Its deadline is now.', schema: OrderAnswer, example: placed } },
  problems: ['order_not_found', 'nothing_awaited'],
});
