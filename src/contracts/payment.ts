/** What Payment is asked and what it answers. */
import * as v from 'valibot';
import { Amount, about, Currency, Nothing, OrderId } from './values.ts';

/** Commands to Payment. */
export const paymentCommands = {
  'payment.authorize': about(
    OrderId,
    v.object({ amount: Amount, currency: Currency, paymentToken: v.string() }),
  ),
  'payment.void': about(OrderId, Nothing),
};

/** Replies to Order. */
export const paymentReplies = {
  'payment.authorized': about(OrderId, Nothing),
  'payment.declined': about(OrderId, v.object({ declineCode: v.string() })),
  'payment.voided': about(OrderId, Nothing),
};
