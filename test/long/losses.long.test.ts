/**
 * Every connection is lost in every way that has a name, one after the other, while customers order: the three processes stay as they
 * are, are well again by themselves, and every order ends.
 */
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../chaos/load.ts';
import { createRandom } from '../chaos/random.ts';
import { type DatabaseServer, startDatabase } from '../chaos/surroundings.ts';
import { agree } from '../support/agreement.ts';
import { openNode } from '../support/node.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { openProxy, type TestProxy } from '../support/proxy.ts';
import { openSplitShop, type SplitShop } from '../support/split.ts';
import { until } from '../support/until.ts';

/** Short, so that a loss of seconds is long for the saga. */
const impatient = {
  STEP_TIMEOUT_SECONDS: '0.5',
  INQUIRY_AFTER_SECONDS: '1',
  GATEWAY_TIMEOUT_SECONDS: '0.5',
  FAILURE_RETRY_SECONDS: '1',
};
const ordersPerSecond = 10;
/** From the moment when all is there again until the modules are ready and an order that was placed after it is confirmed. */
const wellWithinMs = 20_000;

const node = await openNode();
afterAll(() => node.close());

describe.skipIf(node.control === undefined)('a shop in three processes', () => {
  const { control, url: amqpUrl = '' } = node;
  let orderServer: DatabaseServer;
  let stockDatabase: TestDatabase;
  let paymentDatabase: TestDatabase;
  let paymentNetwork: TestProxy;
  let stockBroker: TestProxy;
  let shop: SplitShop;
  let load: ReturnType<typeof startLoad>;
  let pids: number[];

  beforeAll(async () => {
    [orderServer, stockDatabase, paymentDatabase] = await Promise.all([
      startDatabase('order'),
      createDatabase(),
      createDatabase(),
    ]);
    [paymentNetwork, stockBroker] = await Promise.all([openProxy(paymentDatabase.url), openProxy(amqpUrl)]);
    shop = await openSplitShop({
      databaseUrls: { order: orderServer.url, stock: stockDatabase.url, payment: paymentNetwork.url },
      // A half-open connection is noticed after two to three heartbeats: by default they are 10 s.
      amqpUrls: { order: amqpUrl, stock: `${stockBroker.url}?heartbeat=1`, payment: amqpUrl },
      direct: {
        databaseUrls: {
          order: orderServer.directUrl,
          stock: stockDatabase.url,
          payment: paymentDatabase.url,
        },
        amqpUrl,
      },
      env: impatient,
    });
    await shop.opened();
    await shop.ready();
    pids = Object.values(shop.programs).map(({ pid }) => pid);
    load = startLoad(shop.urls.order, ordersPerSecond, createRandom(1));
  });

  afterAll(async () => {
    await load?.stop();
    await shop?.stop();
    await Promise.all([paymentNetwork?.close(), stockBroker?.close()]);
    await Promise.all([orderServer?.stop(), stockDatabase?.drop(), paymentDatabase?.drop()]);
  });

  const disconnections = (module: 'order' | 'stock' | 'payment', link: string) =>
    shop.programs[module]
      .output()
      .split('\n')
      .filter((line) => line.includes('broker disconnected') && line.includes(`"${link}"`)).length;

  /** What an operator does with a client of his own. */
  async function operate(work: (channel: Awaited<ReturnType<typeof openChannel>>) => Promise<unknown>) {
    const connection = await connect(amqpUrl);
    const channel = await openChannel(connection);
    await work(channel);
    await channel.close();
    await connection.close();
  }
  const openChannel = (connection: Awaited<ReturnType<typeof connect>>) => connection.createChannel();

  const answered = () => [...load.refused.values()].reduce((sum, count) => sum + count, load.accepted.size);
  /** Customers are answered, whatever they are answered. */
  const orderOn = () => {
    const before = answered();
    return until('customers have ordered', () => answered() >= before + 5);
  };

  const losses: [name: string, loss: () => Promise<unknown>][] = [
    [
      'PostgreSQL is shut down at once and started',
      async () => {
        await orderServer.crash();
        await until('Order is not ready', async () => !(await shop.isReady('order')));
        await orderOn();
        await orderServer.startAgain();
      },
    ],
    [
      'a database connection is half open',
      async () => {
        paymentNetwork.stall();
        await until('Payment is not ready', async () => !(await shop.isReady('payment')));
        await orderOn();
        paymentNetwork.cut();
        paymentNetwork.resume();
      },
    ],
    [
      'a broker connection is half open',
      async () => {
        const before = ['publishing', 'consuming'].map((link) => disconnections('stock', link));
        stockBroker.stall();
        await until('Stock has noticed', () =>
          ['publishing', 'consuming'].every((link, i) => disconnections('stock', link) > (before[i] ?? 0)),
        );
        stockBroker.cut();
        stockBroker.resume();
      },
    ],
    [
      'RabbitMQ is stopped and started',
      async () => {
        await control?.stopApp();
        await orderOn();
        await control?.startApp();
      },
    ],
    [
      'RabbitMQ closes every channel',
      // The same as a client that acknowledges what was never delivered to it.
      async () =>
        control?.tell(
          "[ok = rabbit_channel:do(C, {'basic.ack', 4711, false}) || C <- rabbit_channel:list_local()].",
        ),
    ],
    [
      'RabbitMQ runs out of memory for a while',
      async () => {
        await control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.000001).');
        await until('Order is blocked', () => shop.programs.order.output().includes('broker blocked'));
        await orderOn();
        await control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.6).');
      },
    ],
    [
      'a queue is deleted, and its consumer cancelled',
      () => operate((channel) => channel.deleteQueue('order-saga.stock')),
    ],
    [
      'a queue is deleted and made anew, without its bindings',
      () =>
        operate(async (channel) => {
          await channel.deleteQueue('order-saga.payment');
          await channel.assertQueue('order-saga.payment', {
            arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 },
          });
        }),
    ],
    ['RabbitMQ forgets everything', async () => control?.reset()],
  ];

  /** Whether an order that was placed after it has been through all three modules. */
  const anyConfirmed = async (since: Date) =>
    (
      await shop.look(
        'order',
        (sql) => sql`select 1 from orders where created_at > ${since} and status = 'confirmed' limit 1`,
      )
    ).length > 0;

  test.each(losses)('%s: all is well again by itself', async (_, loss) => {
    await orderOn();
    await loss();
    const thereAgain = new Date();
    await shop.ready(wellWithinMs);
    await until('an order that was placed then is confirmed', () => anyConfirmed(thereAgain), wellWithinMs);
  });

  test('afterwards: the same processes, every order at its end, and all three agree', async () => {
    await load.stop();
    const orders = [...load.accepted].map((id) => ({ id }));
    expect(orders.length).toBeGreaterThan(50);
    await shop.allEnded(orders);
    await agree(shop);
    expect(Object.values(shop.programs).map(({ pid }) => pid)).toEqual(pids);
    expect(await Promise.race([...Object.values(shop.programs).map(({ ended }) => ended), 'none'])).toBe(
      'none',
    );
  });
});
