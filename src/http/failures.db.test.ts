/** An operator who sends again with the key of before: failures are redriven and discarded once. */
import { beforeEach, expect, test } from 'vitest';
import { createScriptedBroker } from '../../test/support/broker.ts';
import { openTestDatabase } from '../../test/support/database.ts';
import { createMessaging, createOverview, DeadMessage } from '../outbox/index.ts';
import { compose } from '../outbox/message.ts';
import { createRetention } from '../outbox/retention.ts';
import { idempotencyMigrations, messagingRoutes } from './index.ts';

const database = await openTestDatabase('doors', idempotencyMigrations);
// A discarded message is in the inbox.
await createRetention(database).runOnce();
const { unit, failures } = createMessaging({
  database,
  broker: createScriptedBroker(),
  source: '/test',
  retry: { firstSeconds: 10, maxSeconds: 10, maxAttempts: 3 },
});
const actions: string[] = [];
const routes = messagingRoutes({
  module: 'test',
  unit,
  overview: createOverview(database),
  failures,
  onAction: (action) => actions.push(action),
  budgetMs: 30_000,
});

beforeEach(async () => {
  actions.length = 0;
  await database.query((sql) => sql`truncate inbox_failures, idempotency_keys`);
});

const park = () =>
  failures.park([
    {
      content: compose({ type: 'stock.reserve', subject: 'order-1', data: {} }, '/order', new Date()),
      error: new DeadMessage('not known'),
    },
  ]);
const dead = async () =>
  (await database.query((sql) => sql`select from inbox_failures where next_attempt_at is null`)).length;
const send = (action: string, key: string, reason = 'repaired') =>
  routes.request(`/admin/test/failures/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ by: 'anna', reason, all: true }),
  });

test.each(['redrive', 'discard'])('%s with one key', async (action) => {
  await park();
  await park();
  const first = await send(action, action);
  expect(first.headers.has('idempotent-replayed')).toBe(false);
  expect([first.status, await first.json()]).toEqual([200, { failures: 2 }]);
  expect(await dead()).toBe(0);

  await park();
  const again = await send(action, action);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect([again.status, await again.json()]).toEqual([200, { failures: 2 }]);
  expect(await dead()).toBe(1);
  expect(actions).toEqual([`failures ${action}`]);

  expect((await send(action, action, 'another reason')).status).toBe(422);
  expect(await (await send(action, `another ${action}`.replace(' ', '-'))).json()).toMatchObject({
    failures: action === 'redrive' ? 3 : 1,
  });
  expect(await dead()).toBe(0);
});
