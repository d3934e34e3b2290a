/** What Payment is asked and what it answers. */
import * as v from 'valibot';
import { Amount, about, Currency, maxIdLength, Nothing, OrderId, text } from './values.ts';

/** Commands to Payment. */
export const paymentCommands = {
  'payment.authorize': about(
    OrderId,
    v.object({ amount: Amount, currency: Currency, paymentToken: text(maxIdLength) }),
  ),
  'payment.void': about(OrderId, Nothing),
};

/** Replies to Order. */
export const paymentReplies = {
  'payment.authorized': about(OrderId, Nothing),
  'payment.declined': about(OrderId, v.object({ declineCode: text(maxIdLength) })),
  'payment.voided': about(OrderId, Nothing),
};
