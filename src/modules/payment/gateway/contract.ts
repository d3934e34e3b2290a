/** What is said between Payment and a card processor over HTTP; in words in README.md. */
import * as v from 'valibot';
import { Amount, Currency, OrderId } from '../../../contracts/values.ts';
import type { Operation } from '../payment.ts';

/** Where each operation is asked for, under `GATEWAY_URL`. */
export const paths = { authorize: 'authorizations', capture: 'captures', void: 'voids' } as const;

const wish = { orderId: OrderId, amount: Amount, currency: Currency };

export const requests = {
  authorize: v.object({ ...wish, paymentToken: v.string() }),
  capture: v.object(wish),
  void: v.object(wish),
};

/** Every answer says again what it answers: one that was mixed up on its way is none. */
const answered = { key: v.string(), amount: Amount, currency: Currency };
/** It goes into a table and onto a screen: a code, not a text. */
const DeclineCode = v.pipe(v.string(), v.regex(/^[a-z0-9_]{1,100}$/));

export const answers = {
  authorize: v.variant('outcome', [
    v.object({ ...answered, outcome: v.literal('approved') }),
    v.object({ ...answered, outcome: v.literal('declined'), declineCode: DeclineCode }),
  ]),
  capture: v.object({ ...answered, outcome: v.literal('captured') }),
  void: v.object({ ...answered, outcome: v.literal('voided') }),
};

export type AnswerTo<O extends Operation> = v.InferOutput<(typeof answers)[O]>;
