/** What Order is asked (`order.inquire`) and what it announces. */
import * as v from 'valibot';
import { about, Nothing, OrderId, Participant, Reason, exampleOrderId as subject } from './values.ts';

/** Commands to Order. */
export const orderCommands = {
  'order.inquire': about(OrderId, v.object({ participant: Participant }), {
    description: 'A participant has held something for long and asks what has become of the order.',
    example: { subject, data: { participant: 'stock' } },
  }),
};

/** Events: past tense, no addressee. Stock commits and Payment captures on `order.confirmed`; the rest is news. */
export const orderEvents = {
  'order.confirmed': about(OrderId, Nothing, {
    description:
      'The order is confirmed: units that are held leave the warehouse, money that is authorized is taken.',
    example: { subject, data: {} },
  }),
  'order.rejected': about(OrderId, v.object({ reason: Reason }), {
    description: 'The order is rejected, and why: nothing stays held, nothing is taken.',
    example: {
      subject,
      data: { reason: { code: 'payment_declined', detail: 'the payment was declined: insufficient_funds' } },
    },
  }),
  'order.cancelled': about(OrderId, v.object({ reason: Reason }), {
    description: 'The order is cancelled: nothing stays held, nothing is taken.',
    example: {
      subject,
      data: { reason: { code: 'cancelled_by_customer', detail: 'the customer cancelled the order' } },
    },
  }),
};
