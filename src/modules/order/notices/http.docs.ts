/** What the doors to webhooks and deliveries say of themselves. */
import * as v from 'valibot';
import { Currency, OrderId } from '../../../contracts/values.ts';
import { named, type Operation, operation, pageOf, Time } from '../../../http/index.ts';
import { PricedLine, placed, Reason } from '../http.docs.ts';

const tag = 'Webhooks';
const id = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';
const Id = v.pipe(v.string(), v.uuid());
const Count = v.pipe(v.number(), v.integer());
const account = { by: 'anna', reason: 'the shop is up again' };

const endpoint = {
  id,
  url: 'https://shop.example.com/hooks/orders',
  description: 'the shop',
  createdAt: placed.createdAt,
  enabled: true,
  disabledAt: null,
  disabledReason: null,
  previousSecretUntil: null,
};
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const entries = {
  id: Id,
  url: v.string(),
  description: v.string(),
  createdAt: Time,
  enabled: v.boolean(),
  disabledAt: v.nullable(Time),
  disabledReason: v.nullable(v.string()),
  previousSecretUntil: v.pipe(
    v.nullable(Time),
    v.description('Until then the secret before this one signs too.'),
  ),
};
const Endpoint = named('Endpoint', v.object(entries));
const EndpointWithSecret = named(
  'EndpointWithSecret',
  v.object({
    ...entries,
    secret: v.optional(
      v.pipe(
        v.string(),
        v.description(
          'Shown in this answer alone; again to the same `Idempotency-Key`, as long as it signs.',
        ),
      ),
    ),
  }),
);

const views = {
  id: v.pipe(Id, v.description('Also the `webhook-id`.')),
  orderId: OrderId,
  channel: v.picklist(['webhook', 'email']),
  endpointId: v.pipe(v.nullable(v.string()), v.description('Null: a mail.')),
  state: v.picklist(['pending', 'delivered', 'failed']),
  attempts: Count,
  nextAttemptAt: v.nullable(Time),
  endedAt: v.nullable(Time),
  error: v.nullable(v.string()),
};
const Delivery = named('Delivery', v.object(views));
const DeliveryWithHistory = named(
  'DeliveryWithHistory',
  v.object({
    ...views,
    history: v.array(
      v.object({
        number: Count,
        at: Time,
        outcome: v.pipe(
          v.nullable(v.picklist(['delivered', 'failed'])),
          v.description('Null: it is in hand, or was lost in a crash.'),
        ),
        error: v.nullable(v.string()),
        seconds: v.nullable(v.number()),
      }),
    ),
  }),
);
const delivery = {
  id,
  orderId: placed.id,
  channel: 'webhook',
  endpointId: id,
  state: 'pending',
  attempts: 1,
  nextAttemptAt: placed.createdAt,
  endedAt: null,
  error: 'answered 500',
};
const deliveryWithHistory = {
  ...delivery,
  history: [{ number: 1, at: placed.createdAt, outcome: 'failed', error: 'answered 500', seconds: 0.2 }],
};

const Outcome = v.picklist(['confirmed', 'rejected', 'cancelled']);
export const OutcomeNotice = named(
  'OutcomeNotice',
  v.object({
    type: v.picklist(['order.confirmed', 'order.rejected', 'order.cancelled']),
    timestamp: v.pipe(v.string(), v.isoTimestamp(), v.description('When it was decided.')),
    data: v.object({
      id: OrderId,
      customerId: v.string(),
      status: Outcome,
      reason: Reason,
      lines: v.array(PricedLine),
      total: Count,
      currency: Currency,
      createdAt: Time,
    }),
  }),
);
const { step: _, updatedAt, ...order } = placed;
const notice = { type: 'order.confirmed', timestamp: updatedAt, data: { ...order, status: 'confirmed' } };

const signed = (name: string, description: string) =>
  ({ in: 'header', name, description, required: true, schema: { type: 'string' } }) as const;

/** What an endpoint is sent: docs/webhooks.md tells its receiver all of it. */
const outcome: NonNullable<Operation['callbacks']> = {
  outcome: {
    '{$request.body#/url}': {
      post: {
        operationId: 'tellOutcome',
        tags: [tag],
        summary: 'An order is confirmed, rejected or cancelled',
        description:
          'Signed by Standard Webhooks. It may come twice, and again after anything but these answers.',
        security: [],
        parameters: [
          signed('webhook-id', 'The same whenever the same delivery comes again.'),
          signed('webhook-timestamp', 'In seconds, of this attempt.'),
          signed('webhook-signature', 'One or two, with a space between: one that fits is enough.'),
        ],
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/OutcomeNotice' }, example: notice },
          },
        },
        responses: {
          204: { description: 'It is taken; so says any 2xx within 15 s.' },
          410: { description: 'No more: the endpoint is disabled.' },
        },
      },
    },
  },
};

export const registerWebhook = operation({
  id: 'registerWebhook',
  tag,
  summary: 'Register an endpoint that is told of every outcome',
  description:
    'Addresses that are not on the public internet are refused, unless `WEBHOOK_NETWORKS` names theirs.',
  examples: {
    shop: {
      summary: 'A shop',
      value: { by: 'anna', reason: 'the shop wants to know', url: endpoint.url, description: 'the shop' },
    },
  },
  answers: {
    201: {
      description: 'It is told from now on.',
      schema: EndpointWithSecret,
      example: { ...endpoint, secret },
      headers: ['Location'],
    },
  },
  callbacks: outcome,
  problems: ['too_many_endpoints'],
});

export const listWebhooks = operation({
  id: 'listWebhooks',
  tag,
  summary: 'List endpoints, newest first',
  answers: {
    200: {
      description: 'All there are.',
      schema: pageOf(Endpoint),
      example: { data: [endpoint], nextCursor: null },
    },
  },
});

export const findWebhook = operation({
  id: 'findWebhook',
  tag,
  summary: 'An endpoint',
  answers: { 200: { description: 'The endpoint.', schema: Endpoint, example: endpoint } },
  problems: ['endpoint_not_found'],
});

export const deleteWebhook = operation({
  id: 'deleteWebhook',
  tag,
  summary: 'Delete an endpoint',
  description: 'What is on its way to it is not sent any more.',
  answers: { 204: { description: 'It is deleted.' } },
  problems: ['endpoint_not_found'],
});

export const rotateWebhook = operation({
  id: 'rotateWebhook',
  tag,
  summary: 'Replace an endpoint’s secret',
  description: 'The old one signs for another day.',
  examples: { leak: { summary: 'After a leak', value: { by: 'anna', reason: 'it was in a log' } } },
  answers: {
    200: {
      description: 'It has a new secret.',
      schema: EndpointWithSecret,
      example: { ...endpoint, previousSecretUntil: '2026-11-25T11:25:53.814Z', secret },
    },
  },
  problems: ['endpoint_not_found'],
});

export const enableWebhook = operation({
  id: 'enableWebhook',
  tag,
  summary: 'Tell an endpoint again that has said that it wants no more',
  examples: { again: { summary: 'Again', value: account } },
  answers: { 200: { description: 'It is told again.', schema: Endpoint, example: endpoint } },
  problems: ['endpoint_not_found'],
});

export const replayWebhook = operation({
  id: 'replayWebhook',
  tag,
  summary: 'Tell an endpoint what it has missed',
  description: 'Of orders placed from `since` to before `until`, up to 1,000 at a time.',
  // The test that sends it says a day that is not long ago.
  examples: {
    down: { summary: 'After a day down', value: { ...account, since: '2026-11-24T00:00:00Z' } },
  },
  answers: {
    202: {
      description: 'They are on their way; `more`: ask again for the rest.',
      schema: v.object({ deliveries: Count, more: v.boolean() }),
      example: { deliveries: 12, more: false },
    },
  },
  problems: ['endpoint_not_found', 'not_replayable'],
});

export const listDeliveries = operation({
  id: 'listDeliveries',
  tag,
  summary: 'List deliveries, newest first',
  answers: {
    200: {
      description: 'A page of deliveries.',
      schema: pageOf(Delivery),
      example: { data: [delivery], nextCursor: null },
    },
  },
});

export const findDelivery = operation({
  id: 'findDelivery',
  tag,
  summary: 'A delivery with its attempts',
  answers: {
    200: { description: 'The delivery.', schema: DeliveryWithHistory, example: deliveryWithHistory },
  },
  problems: ['delivery_not_found'],
});

export const replayDelivery = operation({
  id: 'replayDelivery',
  tag,
  summary: 'Deliver once more',
  examples: { again: { summary: 'Again', value: account } },
  answers: {
    202: { description: 'It is on its way.', schema: DeliveryWithHistory, example: deliveryWithHistory },
  },
  problems: ['delivery_not_found', 'not_replayable'],
});

export const listNotices = operation({
  id: 'listNotices',
  tag,
  summary: 'What is said of every outcome',
  description: 'Also where nobody listens: what would be said. Addresses are masked.',
  answers: {
    200: {
      description: 'A page of outcomes, those of the newest orders first.',
      schema: pageOf(
        v.object({
          orderId: OrderId,
          toldAt: v.nullable(Time),
          webhook: OutcomeNotice,
          email: v.nullable(v.object({ to: v.string(), subject: v.string(), text: v.string() })),
        }),
      ),
      example: {
        data: [{ orderId: placed.id, toldAt: updatedAt, webhook: notice, email: null }],
        nextCursor: null,
      },
    },
  },
});
