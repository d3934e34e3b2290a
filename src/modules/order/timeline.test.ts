import { expect, test } from 'vitest';
import type { StoredStep } from './store.ts';
import { timelineOf } from './timeline.ts';

const at = (second: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, second));
const time = (second: number) => at(second).toISOString();

const place: StoredStep = {
  seq: 1,
  at: at(1),
  event: 'place',
  heeded: true,
  step: 'reserving_stock',
  status: 'pending',
  cause: null,
  sent: [{ id: 'reserve-1', type: 'stock.reserve' }],
};
const deadline: StoredStep = {
  ...place,
  seq: 2,
  at: at(4),
  event: 'deadline',
  sent: [{ id: 'reserve-2', type: 'stock.reserve' }],
};
/** The answer to the second command; the first one's comes later. */
const reserved: StoredStep = {
  seq: 3,
  at: at(9),
  event: 'stock.reserved',
  heeded: true,
  step: 'authorizing_payment',
  status: 'pending',
  cause: {
    id: 'reserved-2',
    source: '/stock',
    type: 'stock.reserved',
    time: time(6),
    causationid: 'reserve-2',
    senttime: time(7),
    receivedtime: time(8),
    attempt: 3,
    commandsent: time(4),
    commandreceived: time(5),
    commandhandled: time(6),
    commandattempt: 2,
  },
  sent: [{ id: 'authorize-1', type: 'payment.authorize' }],
};

test('a command that was answered has the times that its answer brought; one that was not has none', () => {
  const { hops } = timelineOf('order-1', [place, deadline, reserved]);
  expect(hops).toEqual([
    {
      id: 'reserve-1',
      type: 'stock.reserve',
      module: 'order',
      receiver: 'stock',
      written: at(1),
      sent: null,
      received: null,
      handled: null,
      attempts: null,
      causationId: null,
    },
    {
      id: 'reserve-2',
      type: 'stock.reserve',
      module: 'order',
      receiver: 'stock',
      written: at(4),
      sent: at(4),
      received: at(5),
      handled: at(6),
      attempts: 2,
      causationId: null,
    },
    {
      id: 'reserved-2',
      type: 'stock.reserved',
      module: 'stock',
      receiver: 'order',
      written: at(6),
      sent: at(7),
      received: at(8),
      handled: at(9),
      attempts: 3,
      causationId: 'reserve-2',
    },
    {
      id: 'authorize-1',
      type: 'payment.authorize',
      module: 'order',
      receiver: 'payment',
      written: at(9),
      sent: null,
      received: null,
      handled: null,
      attempts: null,
      causationId: 'reserved-2',
    },
  ]);
});

test('what happened is told in its order, also what came late; news has no receiver', () => {
  const late: StoredStep = { ...reserved, seq: 4, at: at(10), heeded: false, sent: [] };
  const ended: StoredStep = {
    ...place,
    seq: 5,
    at: at(11),
    event: 'payment.authorized',
    step: 'done',
    status: 'confirmed',
    sent: [{ id: 'confirmed-1', type: 'order.confirmed' }],
  };
  const { steps, hops } = timelineOf('order-1', [place, reserved, late, ended]);
  expect(steps.map(({ seq, event, heeded, messageId }) => [seq, event, heeded, messageId])).toEqual([
    [1, 'place', true, null],
    [3, 'stock.reserved', true, 'reserved-2'],
    [4, 'stock.reserved', false, 'reserved-2'],
    [5, 'payment.authorized', true, null],
  ]);
  expect(hops.at(-1)).toMatchObject({ type: 'order.confirmed', module: 'order', receiver: null });
});
