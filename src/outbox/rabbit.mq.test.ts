import { connect } from 'amqplib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNode } from '../../test/support/node.ts';
import { addVhost } from '../../test/support/rabbit-control.ts';
import { until } from '../../test/support/until.ts';
import { type Broker, BrokerAway, type Delivery, PublishRefused } from './broker.ts';
import { type RabbitEvent, rabbit } from './rabbit.ts';

const node = await openNode();
afterAll(() => node.close());

const brokers: Broker[] = [];
let exchange = '';
let count = 0;

beforeEach(() => {
  count += 1;
  exchange = `test${process.pid}.${count}`;
});
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

/** A service with a queue of its own on this test's exchange. */
function service(name: string, ...bindings: string[]) {
  const events: RabbitEvent[] = [];
  const connect = rabbit({ url: node.url ?? '', onEvent: (event) => events.push(event) });
  const broker = connect({ exchange, queue: `${exchange}.${name}`, bindings });
  brokers.push(broker);
  return { broker, events };
}

/** Receives with `settle`, which acknowledges unless told otherwise. */
function receiver(
  broker: Broker,
  settle: (delivery: Delivery) => void = (delivery) => delivery.acknowledge(),
  prefetch = 10,
) {
  const deliveries: Delivery[] = [];
  const subscription = broker.subscribe({ prefetch }, (delivery) => {
    deliveries.push(delivery);
    settle(delivery);
  });
  return { subscription, deliveries, texts: () => deliveries.map(({ body }) => body.toString()) };
}

const packet = (routingKey: string, text = 'x', mandatory = true) => ({
  routingKey,
  contentType: 'application/cloudevents+json',
  body: Buffer.from(text),
  mandatory,
});
const ready = (...all: Broker[]) => until('connected', () => all.every((broker) => broker.ready));

describe.skipIf(node.url === undefined)('RabbitMQ', () => {
  test('a packet arrives as it was, at the service that binds its type', async () => {
    const { broker: order } = service('order', 'stock.reserved');
    const { broker: stock } = service('stock', 'stock.reserve');
    const { deliveries, texts } = receiver(stock);
    await ready(order, stock);
    await order.publish(packet('stock.reserve', '{"no":"json'));
    await until('it arrives', () => deliveries.length === 1);
    expect(texts()).toEqual(['{"no":"json']);
    expect(deliveries[0]).toMatchObject({ contentType: 'application/cloudevents+json', redelivered: false });
  });

  test('what no queue takes is refused if it is mandatory, and news if not', async () => {
    const { broker } = service('order');
    await ready(broker);
    await expect(broker.publish(packet('nobody'))).rejects.toThrow(PublishRefused);
    await expect(broker.publish(packet('nobody', 'news', false))).resolves.toBeUndefined();
    await expect(broker.publish(packet('nobody'))).rejects.toThrow('no queue takes nobody');
  });

  test('whatever its headers are, a packet arrives, and the connection stays', async () => {
    const { broker, events } = service('order', 'a');
    const { texts } = receiver(broker);
    await ready(broker);
    const connection = await connect(node.url ?? '');
    const channel = await connection.createChannel();
    const headers = [
      { 'x-death': 'x' },
      { rascal: { encryption: { name: 'x' } } },
      { rascal: { recovery: { [`${exchange}.order`]: { immediateNack: true } } } },
    ];
    for (const [n, one] of headers.entries())
      channel.publish('', `${exchange}.order`, Buffer.from(String(n)), { headers: one });
    await until('they arrive', () => texts().length >= headers.length);
    expect(texts()).toEqual(['0', '1', '2']);
    expect(events.map(({ kind }) => kind)).toEqual(['connected']);
    await connection.close();
  });

  test('no more than prefetch are out at a time', async () => {
    const { broker } = service('order', 'a');
    const { deliveries, texts } = receiver(broker, () => {}, 2);
    await ready(broker);
    for (const text of ['1', '2', '3']) await broker.publish(packet('a', text));
    await until('two arrive', () => deliveries.length === 2);
    deliveries[0]?.acknowledge();
    await until('the third arrives', () => deliveries.length === 3);
    expect(texts()).toEqual(['1', '2', '3']);
  });

  test('what is given back comes again, and settling twice does no harm', async () => {
    const { broker } = service('order', 'a');
    const { deliveries } = receiver(broker, (delivery) =>
      delivery.redelivered ? delivery.acknowledge() : delivery.requeue(),
    );
    await ready(broker);
    await broker.publish(packet('a'));
    await until('it comes again', () => deliveries.length === 2);
    deliveries[1]?.acknowledge();
    await broker.publish(packet('a'));
    await until('the next comes', () => deliveries.length === 4);
    expect(deliveries.map(({ redelivered }) => redelivered)).toEqual([false, true, false, true]);
  });

  test('a cancelled subscription gives back what it has not acknowledged', async () => {
    const { broker } = service('order', 'a');
    const first = receiver(broker, () => {});
    await ready(broker);
    await broker.publish(packet('a', 'kept'));
    await until('it arrives', () => first.deliveries.length === 1);
    await first.subscription.cancel();
    first.deliveries[0]?.acknowledge();
    const second = receiver(broker);
    await until('it comes again', () => second.deliveries.length === 1);
    expect(second.texts()).toEqual(['kept']);
  });

  test('a broker that was never there: not ready, nothing published, closed at once', async () => {
    const events: RabbitEvent[] = [];
    const connect = rabbit({ url: 'amqp://user:secret@127.0.0.1:1', onEvent: (event) => events.push(event) });
    const broker = connect({ exchange, queue: `${exchange}.none`, bindings: [] });
    await until('it is told', () => events.length > 0);
    expect(broker.ready).toBe(false);
    await expect(broker.publish(packet('a'))).rejects.toThrow(BrokerAway);
    expect(JSON.stringify(events)).not.toContain('secret');
    await broker.close();
    expect(events.filter(({ kind }) => kind === 'unreachable')).toHaveLength(1);
  });

  test('of several nodes one that answers is found', async () => {
    const connect = rabbit({ url: `amqp://127.0.0.1:1,${node.url}` });
    const broker = connect({ exchange, queue: `${exchange}.any`, bindings: ['a'] });
    brokers.push(broker);
    await ready(broker);
    await broker.publish(packet('a'));
  });

  test.skipIf(node.control === undefined)('the virtual host that the URL names is the one', async () => {
    const names = ['shop', 'shop/of two words'];
    for (const name of names) {
      if (node.control) await addVhost(node.control.control, name);
    }
    const hosts = ['', '/%2F', ...names.map((name) => `/${encodeURIComponent(name)}`)].map((path) => {
      const broker = rabbit({ url: `${node.url}${path}` })({
        exchange,
        queue: `${exchange}.${path === '' ? 'other' : 'same'}`,
        bindings: ['a'],
      });
      brokers.push(broker);
      return { broker, ...receiver(broker) };
    });
    await ready(...hosts.map(({ broker }) => broker));
    for (const [i, { broker }] of hosts.entries()) await broker.publish(packet('a', String(i)));
    await until('all has arrived', () => hosts.flatMap(({ texts }) => texts()).length === 6);
    // None and %2F name the same: the default one.
    expect(hosts.map(({ texts }) => texts())).toEqual([['0', '1'], ['0', '1'], ['2'], ['3']]);
  });
});

describe.skipIf(node.control === undefined)('a RabbitMQ in trouble', () => {
  /** Publishes one packet after the other until told to stop; what was confirmed must arrive. */
  function stream(broker: Broker) {
    const confirmed = new Set<string>();
    let going = true;
    const running = (async () => {
      for (let n = 0; going; n += 1)
        await broker.publish(packet('a', String(n))).then(
          () => confirmed.add(String(n)),
          async (error: unknown) => {
            expect(error).toBeInstanceOf(BrokerAway);
            await new Promise((resolve) => setTimeout(resolve, 5));
          },
        );
    })();
    return {
      confirmed,
      async stop() {
        going = false;
        await running;
      },
    };
  }

  test.each([
    [
      'goes away and comes back',
      async () => {
        await node.control?.stopApp();
        await node.control?.startApp();
      },
    ],
    [
      'closes every connection',
      async () =>
        void (await node.control?.tell(
          'lists:foreach(fun (C) -> rabbit_networking:close_connection(C, "test") end, rabbit_networking:connections()).',
        )),
    ],
  ])(
    'that %s: every publish settles, what was confirmed arrives',
    { timeout: 60_000 },
    async (_, trouble) => {
      const { broker, events } = service('order', 'a');
      const { texts } = receiver(broker);
      await ready(broker);
      const { confirmed, stop } = stream(broker);
      await until('it flows', () => confirmed.size > 100);
      await trouble();
      await until('it was noticed', () => events.some(({ kind }) => kind === 'disconnected'));
      const before = confirmed.size;
      await until('it flows again', () => confirmed.size > before + 100);
      await stop();
      await until('all has arrived', () => {
        const arrived = new Set(texts());
        return [...confirmed].every((text) => arrived.has(text));
      });
    },
  );

  test('that has forgotten everything is told everything again', { timeout: 60_000 }, async () => {
    const { broker: order } = service('order', 'stock.reserved');
    const { broker: stock } = service('stock', 'stock.reserve');
    const { deliveries } = receiver(stock);
    await ready(order, stock);
    await node.control?.reset();
    await ready(order, stock);
    await until('it is taken', () =>
      order.publish(packet('stock.reserve')).then(
        () => true,
        () => false,
      ),
    );
    await until('it arrives', () => deliveries.length > 0);
  });

  test('whose queue was deleted declares it again', { timeout: 60_000 }, async () => {
    const { broker, events } = service('order', 'a');
    const { deliveries } = receiver(broker);
    await ready(broker);
    await node.control?.tell(`
      {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${exchange}.order">>)),
      {ok, _} = rabbit_amqqueue:delete(Queue, false, false, <<"test">>).`);
    await until('it was noticed', () => events.some(({ kind }) => kind === 'disconnected'));
    await ready(broker);
    await broker.publish(packet('a'));
    await until('it arrives', () => deliveries.length === 1);
  });

  test('that runs out of memory is not ready until it has some again', { timeout: 60_000 }, async () => {
    const { broker, events } = service('order', 'a');
    await ready(broker);
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.000001).');
    // It blocks who publishes.
    void broker.publish(packet('a')).catch(() => {});
    await until('it is blocked', () => !broker.ready);
    let told = false;
    broker.onReady(() => {
      told = true;
    });
    expect(told).toBe(false);
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.6).');
    await until('it goes on', () => told && broker.ready);
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'blocked', 'unblocked']);
    await broker.publish(packet('a'));
  });

  test('that is away does not hold up a close', { timeout: 60_000 }, async () => {
    const { broker } = service('order', 'a');
    receiver(broker);
    await ready(broker);
    await node.control?.stopApp();
    const startMs = performance.now();
    await broker.close();
    expect(performance.now() - startMs).toBeLessThan(6_000);
    await node.control?.startApp();
  });
});
