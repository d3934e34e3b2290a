import { Webhook } from 'standardwebhooks';
import { afterAll, expect, test } from 'vitest';
import { openMailServer } from '../../../../test/support/mail-server.ts';
import { openTelling } from '../../../../test/support/notices.ts';
import { budgetMs, patience } from '../../../../test/support/order.ts';
import { openReceiver } from '../../../../test/support/receiver.ts';
import { until } from '../../../../test/support/until.ts';
import { createMetrics } from '../../../telemetry/metrics.ts';
import { createOrder } from '../index.ts';

const { database, unit, placed, json, ask, deliveries } = await openTelling();
const server = await openMailServer();
const receiver = await openReceiver();
const logged: object[] = [];
const metrics = createMetrics('test');
const order = createOrder({
  ...patience,
  webhookNetworks: ['127.0.0.1/32'],
  mail: { url: server.url, from: 'shop@example.com' },
}).open({
  database,
  unit,
  observer: metrics.observerOf('order'),
  log: (event, fields) => logged.push({ event, ...fields }),
  budgetMs,
});
const overview = {
  levels: async () => ({ outboxMessages: 0, outboxOldestSeconds: 0, parked: 0, dead: 0 }),
};
metrics.watch('order', { overview, database, broker: { ready: true }, inProgress: order.inProgress });

async function stop() {
  await Promise.all(order.clocks.map((clock) => clock.stop()));
  await order.close?.();
}
afterAll(stop);

test('an outcome reaches a program and its customer by itself, and no address is told elsewhere', async () => {
  const jane = 'jane.doe@mail.example.com';
  const account = { by: 'anna', reason: 'a test' };
  const post = (path: string, body: object) =>
    order.routes.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { secret } = await json<{ secret: string }>(
    post('/admin/order/webhooks', { ...account, url: `${receiver.url}/hook` }),
    201,
  );
  await placed();
  const { id } = await json<{ id: string }>(
    post('/orders', {
      customerId: 'c',
      lines: [{ sku: 'MUG-01', quantity: 1 }],
      paymentToken: 't',
      email: jane,
    }),
    201,
  );
  await post(`/orders/${id}/cancel`, {});
  expect((await metrics.scrape()).text).toMatch(/in_progress\{module="order",state="notice"\} 1/);
  for (const clock of order.clocks) clock.start();
  await until(
    'both are told',
    async () =>
      (await deliveries()).every(({ state }) => state === 'delivered') &&
      server.mails.length === 1 &&
      receiver.received.length === 1,
  );
  const [{ body, headers } = { body: '', headers: {} }] = receiver.received;
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'order.cancelled', data: { id } });
  expect(server.mails).toMatchObject([{ to: [jane] }]);
  const { text } = await metrics.scrape();
  for (const channel of ['webhook', 'email'])
    expect(text).toContain(`delivery_attempts_total{channel="${channel}",outcome="delivered"} 1`);
  for (const state of ['notice', 'webhook', 'email'])
    expect(text).toContain(`in_progress{module="order",state="${state}"} 0`);
  expect(logged).toContainEqual({ event: 'customer told', orderId: id, status: 'cancelled', deliveries: 2 });
  const told = [logged, text, body, await (await ask('GET', '/notices')).text(), await deliveries()];
  for (const one of told) expect(JSON.stringify(one)).not.toMatch(/jane|mail\.example/);
  await stop();
});
