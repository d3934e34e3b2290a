/** What the doors to orders as they move say of themselves. */
import * as v from 'valibot';
import { type Operation, operation } from '../../../http/index.ts';
import { OrderAnswer, placed } from '../http.docs.ts';

const stream = {
  description:
    'Server-Sent Events, each named `order`, its `data` an order as `GET` shows it at that moment. A line that begins with a colon keeps the connection open.',
  type: 'text/event-stream',
  schema: v.string(),
  items: OrderAnswer,
  example: `retry: 1500\n\nid: 1\nevent: order\ndata: ${JSON.stringify(placed)}\n\n`,
};

const resumed: Pick<Operation, 'headers'> = {
  headers: [
    {
      name: 'Last-Event-ID',
      description: 'The last `id` that was read: what came after it is sent first.',
      example: '1',
    },
  ],
};

export const followOrder = operation({
  id: 'followOrder',
  tag: 'Orders',
  summary: 'An order now and after every step, until its saga ends',
  ...resumed,
  answers: {
    200: stream,
    204: { description: 'The saga has ended, and `Last-Event-ID` is its end: do not come again.' },
  },
  problems: ['order_not_found', 'too_many_listeners'],
});

export const followCustomer = operation({
  id: 'followCustomer',
  tag: 'Orders',
  summary: 'All orders of a customer, now and after every step',
  description: 'Nothing is missed of the newest 100 orders. It ends after an hour, or at a stop: come again.',
  ...resumed,
  answers: { 200: stream },
  problems: ['too_many_listeners'],
});
