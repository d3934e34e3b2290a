/** What Order is asked (`order.inquire`) and what it announces. */
import * as v from 'valibot';
import { about, Nothing, OrderId, Participant, Reason } from './values.ts';

/** Commands to Order. */
export const orderCommands = {
  /** A participant has held something for long and asks what has become of the order. */
  'order.inquire': about(OrderId, v.object({ participant: Participant })),
};

/** Events: past tense, no addressee. Stock commits and Payment captures on `order.confirmed`; the rest is news. */
export const orderEvents = {
  'order.confirmed': about(OrderId, Nothing),
  'order.rejected': about(OrderId, v.object({ reason: Reason })),
  'order.cancelled': about(OrderId, v.object({ reason: Reason })),
};
