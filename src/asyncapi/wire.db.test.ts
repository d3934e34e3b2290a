/** A shop on real databases: what it puts on the wire is what it says of it over HTTP. */
import { afterAll, expect, test } from 'vitest';
import { createPacketJudge, type DescribedMessages } from '../../test/support/asyncapi.ts';
import { createDatabase } from '../../test/support/postgres.ts';
import { moduleNames, readConfig } from '../config.ts';
import { createMemoryBroker } from '../embedded/broker.ts';
import type { Packet } from '../outbox/index.ts';
import { startService } from '../service.ts';

const created = await Promise.all(moduleNames.map(async (name) => ({ name, ...(await createDatabase()) })));
const packets: Packet[] = [];
const memory = createMemoryBroker();
const service = await startService(
  readConfig('serve', { PORT: '0', SEED_DEMO: '1', GATEWAY_TIMEOUT_SECONDS: '1' }),
  {
    databaseUrls: Object.fromEntries(created.map(({ name, url }) => [name, url])),
    connectBroker(topology) {
      const broker = memory.connect(topology);
      return {
        ...broker,
        get ready() {
          return broker.ready;
        },
        publish(packet) {
          packets.push(packet);
          return broker.publish(packet);
        },
      };
    },
  },
  () => {},
);
await service.started;
afterAll(async () => {
  await service.stop();
  await Promise.all(created.map(({ drop }) => drop()));
});

const post = (path: string, body: object = {}) =>
  fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function place(sku: string, quantity: number, paymentToken: string): Promise<string> {
  const placed = await post('/orders', { customerId: 'cus_1', lines: [{ sku, quantity }], paymentToken });
  expect(placed.status).toBe(201);
  return ((await placed.json()) as { id: string }).id;
}

const stepOf = async (id: string) =>
  ((await (await fetch(`${service.url}/orders/${id}`)).json()) as { step: string }).step;

test('every packet of orders of every end', async () => {
  const ids = await Promise.all([
    place('MUG-01', 1, 'tok_visa'),
    place('MUG-01', 1, 'tok_declined'),
    place('RARE-01', 2, 'tok_visa'),
  ]);
  const cancelled = await place('MUG-01', 1, 'tok_timeout');
  expect((await post(`/orders/${cancelled}/cancel`)).status).toBe(202);
  for (const id of [...ids, cancelled]) await expect.poll(() => stepOf(id)).toBe('done');

  const answer = await fetch(`${service.url}/asyncapi.json`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  const document = (await answer.json()) as DescribedMessages;
  const judge = createPacketJudge(document);
  for (const packet of packets) judge.hear(packet);
  expect(judge.faults).toEqual([]);
  const heard = [...judge.heard].map((name) => name.replace(/\.batch$/, ''));
  expect(heard).toEqual(
    expect.arrayContaining([
      'product.changed',
      'stock.list_products',
      'stock.products_listed',
      'stock.reserve',
      'stock.reserved',
      'stock.rejected',
      'payment.authorize',
      'payment.authorized',
      'payment.declined',
      'order.confirmed',
      'order.rejected',
      'order.cancelled',
    ]),
  );
});
