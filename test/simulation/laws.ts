/** What must hold at every commit of a run, and what must hold in the end: over all three modules and the card processor's books. */
import type { Status, Step } from '../../src/modules/order/saga.ts';
import type { SimulatedGateway } from './gateway.ts';
import type { Change } from './memory/database.ts';
import type { OrderRow } from './memory/order.ts';
import type { PaymentRow } from './memory/payment.ts';
import type { ReservationRow } from './memory/stock.ts';
import { goods, type Shop } from './shop.ts';
import type { World } from './world.ts';

/** A saga moves forward only. */
const way: readonly Step[] = [
  'reserving_stock',
  'authorizing_payment',
  'voiding_payment',
  'releasing_stock',
  'done',
];

/** Where a reservation and a payment may go from where they are; whatever is not named is an end. */
const reservationWays: Readonly<Record<string, readonly string[]>> = { held: ['committed', 'released'] };
const paymentWays: Readonly<Record<string, readonly string[]>> = {
  authorizing: ['authorized', 'declined', 'voiding'],
  authorized: ['capturing', 'voiding'],
  capturing: ['captured'],
  voiding: ['voided', 'declined'],
};
const withoutMoney = ['voided', 'declined'];

/** Watches every commit and every entry in the books. */
export function keepLaws(world: World, { order, stock, payment }: Shop, gateway: SimulatedGateway): void {
  /** What has been said about an order, as `stock.released` and its id: it is never taken back. */
  const said = new Set<string>();
  const hasSaid = (type: string, orderId: string) => said.has(`${type} ${orderId}`);
  const broken = (what: string, id: string) => world.violate(`${what}: ${world.alias(id)}`);

  const judges: Readonly<Record<string, (id: string, before: never, after: never) => void>> = {
    orders(id, before: OrderRow | undefined, after: OrderRow | undefined) {
      if (!after) return broken('an order is lost', id);
      const { step, status } = after.order;
      if (!before) return;
      if (way.indexOf(step) < way.indexOf(before.order.step)) broken(`an order goes back to ${step}`, id);
      if (before.order.status !== 'pending' && status !== before.order.status)
        broken(`a customer who was told ${before.order.status} is told ${status}`, id);
    },
    notices(id, before: object | undefined, after: { status: Status } | undefined) {
      if (before || after?.status !== order.orders.get(id)?.order.status) broken('a notice is wrong', id);
    },
    reservations(id, before: ReservationRow | undefined, after: ReservationRow | undefined) {
      if (!after || !mayGo(reservationWays, before?.state, after.state))
        broken(`a reservation goes from ${before?.state} to ${after?.state}`, id);
      if (hasSaid('stock.released', id) && (after?.state === 'held' || after?.state === 'committed'))
        broken(`stock is ${after.state} that was said to be released`, id);
    },
    payments(id, before: PaymentRow | undefined, after: PaymentRow | undefined) {
      if (!after || !mayGo(paymentWays, before?.state, after.state))
        broken(`a payment goes from ${before?.state} to ${after?.state}`, id);
      if (hasSaid('payment.voided', id) && !withoutMoney.includes(after?.state ?? ''))
        broken(`money is ${after?.state} that was said to be voided`, id);
    },
    outbox(_, before: object | undefined, after: { type: string; subject: string } | undefined) {
      if (!before && after) said.add(`${after.type} ${after.subject}`);
    },
  };

  const watch = (name: string) => (changes: readonly Change[]) => {
    for (const { table, key, before, after } of changes) {
      world.note(() => `${name}: ${table} ${world.alias(key)} ${sketch(world, after)}`);
      judges[table]?.(key, before as never, after as never);
    }
  };
  // What is said in a commit counts for the commits after it: the outbox is written last.
  for (const { name, memory } of [order, stock, payment]) memory.watch(watch(name));

  gateway.onEntry = (operation, { orderId }) => {
    const has = (other: string) => gateway.books.get(`${other}:${orderId}`)?.approved === true;
    if (operation === 'authorize' && hasSaid('payment.voided', orderId))
      broken('money is promised after payment.voided', orderId);
    if (operation === 'capture' && (!has('authorize') || has('void')))
      broken('money is taken that is not promised', orderId);
    if (operation === 'void' && (!has('authorize') || has('capture')))
      broken('money is given back that is not promised, or taken already', orderId);
  };
}

/** A row may be new, stay, or go where its state leads. */
function mayGo(
  ways: Readonly<Record<string, readonly string[]>>,
  from: string | undefined,
  to: string,
): boolean {
  return from === undefined || from === to || (ways[from] ?? []).includes(to);
}

/** A row in a few words. */
function sketch(world: World, row: unknown): string {
  if (row === undefined) return 'deleted';
  const { order, state, status, type, subject, onHand, reserved } = Object(row);
  if (order) return `${order.step} ${order.status} ${order.stepAttempts}`;
  if (onHand !== undefined) return `${onHand} on hand, ${reserved} reserved`;
  return [state ?? status ?? type ?? '', subject ? `about ${world.alias(subject)}` : ''].join(' ').trim();
}

/** What must hold when all is quiet. */
export function judge(world: World, shop: Shop, gateway: SimulatedGateway): void {
  const { order, stock, payment, modules } = shop;
  for (const { name, messages } of modules) {
    for (const { type, subject } of messages.outbox.values())
      world.violate(`${name}: ${type} of ${world.alias(subject)} was not sent`);
    for (const { type, error } of messages.failures.values())
      world.violate(`${name}: ${type} is still parked: ${error}`);
  }
  for (const row of order.orders.values()) judgeOrder(world, row, shop, gateway);
  for (const { orderId } of [...stock.reservations.values(), ...payment.payments.values()])
    if (!order.orders.has(orderId)) world.violate(`there is no order ${world.alias(orderId)}`);
  for (const good of goods) {
    const { onHand = 0, reserved = 0 } = stock.products.get(good.sku) ?? {};
    const sold = [...stock.reservations.values()]
      .filter(({ state }) => state === 'committed')
      .flatMap(({ lines }) => lines)
      .filter(({ sku }) => sku === good.sku)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    if (onHand + sold !== good.onHand)
      world.violate(`${good.sku}: ${onHand} and ${sold} sold of ${good.onHand}`);
    if (reserved !== 0) world.violate(`${good.sku}: ${reserved} are reserved for nobody`);
    if (order.products.get(good.sku)?.unitPrice !== good.unitPrice)
      world.violate(`${good.sku}: Order has another price than Stock`);
  }
}

function judgeOrder(world: World, { order: it }: OrderRow, shop: Shop, gateway: SimulatedGateway): void {
  const { order, stock, payment } = shop;
  const { id, step, status, total } = it;
  const wrong = (what: string) => world.violate(`${world.alias(id)}, ${step} ${status}: ${what}`);
  const reservation = stock.reservations.get(id);
  const paid = payment.payments.get(id);
  const books = (operation: string) => gateway.books.get(`${operation}:${id}`);

  if (step !== 'done') wrong('it has no end');
  if (order.notices.get(id)?.status !== status) wrong('its customer is told otherwise');
  const last = order.history
    .get(id)
    ?.filter(({ heeded }) => heeded)
    .at(-1);
  if (last?.step !== step || last.status !== status) wrong('its history tells otherwise');
  if (status === 'confirmed') {
    if (reservation?.state !== 'committed') wrong(`its reservation is ${reservation?.state}`);
    if (paid?.state !== 'captured' || paid.amount !== total)
      wrong(`its payment is ${paid?.state} ${paid?.amount} of ${total}`);
    if (books('capture')?.amount !== total || books('void'))
      wrong('the card processor did not take its money');
  } else {
    if (reservation?.state === 'held' || reservation?.state === 'committed')
      wrong(`its reservation is ${reservation.state}`);
    if (paid && !withoutMoney.includes(paid.state)) wrong(`its payment is ${paid.state}`);
    if (books('capture')) wrong('the card processor took money');
    if (books('authorize')?.approved && !books('void')) wrong('the card processor holds money');
  }
}
