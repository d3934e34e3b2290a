/** What other modules say to Payment, and what it does about it. */
import { orderCommands, orderEvents } from '../../contracts/order.ts';
import { paymentCommands, paymentReplies } from '../../contracts/payment.ts';
import { causeOf, DeadMessage, type Incoming } from '../../outbox/index.ts';
import { type Reaction, react } from '../react.ts';
import { authorize, capture, type Decision, operationOf, type Payment, voidPayment } from './payment.ts';
import { type ChangedPayment, type PaymentStore, paymentStore } from './store.ts';

export const handles = { ...paymentCommands, 'order.confirmed': orderEvents['order.confirmed'] };
export const says = { ...paymentReplies, ...orderCommands };

type PaymentMessage = Incoming<typeof handles>;

interface World {
  readonly payments: Map<string, Payment>;
  readonly changed: Map<string, ChangedPayment>;
}

/** `onDue` is told after the commit that the card processor is to be called. */
export const createHandler = (
  inquiryAfterSeconds: number,
  onDue: () => void,
  store: PaymentStore = paymentStore,
) =>
  react<World, PaymentMessage>({
    async load(sql, messages) {
      const payments = await store.lockOrPlace(
        sql,
        messages.map(({ subject }) => subject),
      );
      return { payments, changed: new Map() };
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

    async save(sql, { changed }, unit) {
      await store.savePayments(sql, [...changed.values()], inquiryAfterSeconds);
      const due = ({ payment, before }: ChangedPayment) => ![null, before].includes(operationOf(payment));
      if ([...changed.values()].some(due)) unit.onCommit(onDue);
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
