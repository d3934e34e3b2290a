/** What other modules say to Payment, and what it does about it. */
import { orderCommands, orderEvents } from '../../contracts/order.ts';
import { paymentCommands, paymentReplies } from '../../contracts/payment.ts';
import { causeOf, DeadMessage, type Incoming } from '../../outbox/index.ts';
import { type Reaction, react } from '../react.ts';
import type { Claims } from './clock.ts';
import { authorize, capture, type Decision, operationOf, type Payment, voidPayment } from './payment.ts';
import { type ChangedPayment, type PaymentStore, paymentStore, type Waits } from './store.ts';

export const handles = { ...paymentCommands, 'order.confirmed': orderEvents['order.confirmed'] };
export const says = { ...paymentReplies, ...orderCommands };

type PaymentMessage = Incoming<typeof handles>;

interface World {
  /** Those that are written already. */
  readonly stored: ReadonlyMap<string, Payment>;
  readonly payments: Map<string, Payment>;
  readonly changed: Map<string, ChangedPayment>;
}

/** `claims`: who calls the card processor. */
export const createHandler = (waits: Waits, claims: Claims, store: PaymentStore = paymentStore) =>
  react<World, PaymentMessage>({
    async load(sql, messages) {
      const stored = await store.lockPayments(
        sql,
        messages.map(({ subject }) => subject),
      );
      return { stored, payments: new Map(stored), changed: new Map() };
    },

    decide(world, message, reaction) {
      const { subject } = message;
      const known = world.payments.get(subject);
      switch (message.type) {
        case 'payment.authorize':
          return carryOut(
            world,
            message,
            authorize(subject, known, message.data, causeOf(message)),
            reaction,
          );
        case 'payment.void':
          return carryOut(world, message, voidPayment(subject, known, causeOf(message)), reaction);
        case 'order.confirmed':
          return carryOut(world, message, capture(known), reaction);
      }
    },

    save(sql, { stored, changed }, unit) {
      const { all, make } = claims.claim([...changed.values()]);
      unit.onCommit(make);
      const isStored = ({ payment }: ChangedPayment) => stored.has(payment.orderId);
      return [
        ...store.insertPayments(
          sql,
          all.filter((one) => !isStored(one)),
          waits,
        ),
        ...store.updatePayments(sql, all.filter(isStored), waits),
      ];
    },
  });

function carryOut(
  world: World,
  message: PaymentMessage,
  decision: Decision | 'impossible',
  reaction: Reaction,
): void {
  const { subject, type } = message;
  const known = world.payments.get(subject);
  if (decision === 'impossible')
    throw new DeadMessage(`${type} cannot be: the payment is ${known?.state ?? 'not there'}`);
  const { payment, reply } = decision;
  const before = world.changed.has(subject)
    ? world.changed.get(subject)?.before
    : known && operationOf(known);
  world.payments.set(subject, payment);
  if (payment !== known) world.changed.set(subject, { payment, before: before ?? null });
  if (reply) reaction.send({ ...reply, subject, reply: true });
}
