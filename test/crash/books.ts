/** What a scene's three books say, while it lasts and at its end. One order is placed in a scene: two mugs for 25 euros. */
import { expect } from 'vitest';
import { agree, held } from '../support/agreement.ts';
import { until } from '../support/until.ts';
import type { Scene } from './scene.ts';

/** An order that went well: what its customer, its history, the card processor and the shelf have to show for it. */
export const confirmed = {
  status: 'confirmed',
  events: ['place', 'stock.reserved', 'payment.authorized'],
  late: 0,
  payment: { state: 'captured', amount: 2500 },
  ledger: ['authorize', 'capture'],
  onHand: 998,
};
/** One that was cancelled after its card had been authorized. */
export const cancelled = {
  status: 'cancelled',
  events: ['place', 'stock.reserved', 'cancel', 'payment.voided', 'stock.released'],
  // What was withheld until after the cancellation.
  late: 1,
  payment: { state: 'voided', amount: 2500 },
  ledger: ['authorize', 'void'],
  onHand: 1_000,
};

/** The order is at its end, once, all books say so, and nothing is left over on any shelf. */
export async function endsAs(end: typeof confirmed, scene: Scene): Promise<void> {
  await scene.ended(await orderId(scene));
  await until('nothing is held', async () => {
    const { reservations, payments, reserved } = await held(scene);
    return reservations + payments + reserved === 0;
  });
  await scene.silence();
  await scene.end();
  for (const name of ['order', 'stock', 'payment'] as const) {
    expect(await scene.queued(name)).toBe(0);
    expect(await scene.outbox(name)).toEqual([]);
    expect(await scene.look(name, (sql) => sql`select error from inbox_failures`)).toEqual([]);
    expect(await scene.look(name, (sql) => sql`select id from inbox_starts`)).toEqual([]);
  }
  const heeded = await events(scene, 'heeded');
  const deadlines = heeded.filter((event) => event === 'deadline');
  expect(heeded.filter((event) => event !== 'deadline')).toEqual(end.events);
  // A message that came twice had no second effect: only a command that was given again is answered again.
  expect((await events(scene, 'late')).length).toBeLessThanOrEqual(end.late + deadlines.length);
  expect(await scene.look('order', (sql) => sql`select status from orders`)).toEqual([
    { status: end.status },
  ]);
  expect(await payments(scene)).toEqual([end.payment]);
  expect(await operations(scene)).toEqual(end.ledger);
  expect(
    await scene.look('stock', (sql) => sql`select on_hand, reserved from products where sku = 'MUG-01'`),
  ).toEqual([{ on_hand: end.onHand, reserved: 0 }]);
  await agree(scene);
}

/** There is one order in a scene. */
export async function orderId(scene: Scene): Promise<string> {
  const rows = await scene.look<{ id: string }>('order', (sql) => sql`select id from orders`);
  expect(rows).toHaveLength(1);
  return rows[0]?.id ?? '';
}

/** What has moved the order, or came too late for that, in its sequence. */
export const events = async (scene: Scene, which: 'heeded' | 'late') =>
  (
    await scene.look<{ event: string }>(
      'order',
      (sql) => sql`select event from order_history where heeded = ${which === 'heeded'} order by seq`,
    )
  ).map(({ event }) => event);

export const reservations = async (scene: Scene) =>
  (await scene.look<{ state: string }>('stock', (sql) => sql`select state from reservations`)).map(
    ({ state }) => state,
  );

export const payments = (scene: Scene) =>
  scene.look<{ state: string; amount: number }>('payment', (sql) => sql`select state, amount from payments`);

/** The card processor's own books: what has moved money, and how often it was asked. */
export const ledger = (scene: Scene) =>
  scene.look<{ operation: string; amount: number; asks: number }>(
    'payment',
    (sql) => sql`select operation, amount, asks from simulated_gateway_ledger where done order by at`,
  );

export const operations = async (scene: Scene) => (await ledger(scene)).map(({ operation }) => operation);

export async function isLeased(scene: Scene): Promise<boolean> {
  const rows = await scene.look(
    'order',
    (sql) => sql`select 1 from outbox where leased_until > clock_timestamp()`,
  );
  return rows.length > 0;
}
