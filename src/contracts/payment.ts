/** What Payment is asked and what it answers. */
import * as v from 'valibot';
import {
  Amount,
  about,
  Currency,
  maxIdLength,
  Nothing,
  OrderId,
  exampleOrderId as subject,
  text,
} from './values.ts';

/** Commands to Payment. */
export const paymentCommands = {
  'payment.authorize': about(
    OrderId,
    v.object({ amount: Amount, currency: Currency, paymentToken: text(maxIdLength) }),
    {
      description:
        'Have the amount promised by whoever the payment token stands for. Asked again, it is one payment.',
      example: { subject, data: { amount: 2500, currency: 'EUR', paymentToken: 'tok_visa' } },
    },
  ),
  'payment.void': about(OrderId, Nothing, {
    description:
      'Give up what is authorized for the order. One that comes before its `payment.authorize` makes that come too late.',
    example: { subject, data: {} },
  }),
};

/** Replies to Order. */
export const paymentReplies = {
  'payment.authorized': about(OrderId, Nothing, {
    description: 'The amount is promised.',
    example: { subject, data: {} },
  }),
  'payment.declined': about(OrderId, v.object({ declineCode: text(maxIdLength) }), {
    description: 'The card processor has said no, and why.',
    example: { subject, data: { declineCode: 'insufficient_funds' } },
  }),
  'payment.voided': about(OrderId, Nothing, {
    description: 'Nothing is authorized for the order, nor will be.',
    example: { subject, data: {} },
  }),
};
