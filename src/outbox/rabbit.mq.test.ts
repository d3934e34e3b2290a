import { type Channel, connect } from 'amqplib';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openNode } from '../../test/support/node.ts';
import { openProxy } from '../../test/support/proxy.ts';
import { addVhost } from '../../test/support/rabbit-control.ts';
import { until } from '../../test/support/until.ts';
import { type Broker, BrokerAway, type Delivery, PublishRefused } from './broker.ts';
import { type RabbitEvent, rabbit } from './rabbit.ts';

const node = await openNode();
afterAll(() => node.close());

const brokers: Broker[] = [];
const told: RabbitEvent[][] = [];
let exchange = '';
let count = 0;

beforeEach(() => {
  count += 1;
  exchange = `test${process.pid}.${count}`;
});
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  expect(told.splice(0).flat()).not.toContainEqual(
    expect.objectContaining({ error: expect.stringContaining('has not answered') }),
  );
});

/** A service with a queue of its own on this test's exchange. */
const service = (name: string, ...bindings: string[]) => open({ name, bindings });

/** The same, somewhere else. */
function open(place: { name: string; bindings: string[]; url?: string; exchange?: string }) {
  const { name, bindings, url = node.url ?? '', exchange: on = exchange } = place;
  const events: RabbitEvent[] = [];
  told.push(events);
  // Less than a test waits: a question that was never answered is named (`afterEach`), and not only what did not come of it.
  const connect = rabbit({ url, answerTimeoutMs: 10_000, onEvent: (event) => events.push(event) });
  const broker = connect({ exchange: on, queue: `${on}.${name}`, bindings });
  brokers.push(broker);
  /** How often this link was lost. */
  const lost = (link: 'publishing' | 'consuming') =>
    events.filter((event) => event.kind === 'disconnected' && event.link === link).length;
  return { broker, events, lost };
}

/** Past the service: what an operator does with a client of his own. */
async function operate(work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const connection = await connect(node.url ?? '');
  try {
    const channel = await connection.createConfirmChannel();
    await work(channel);
    // What was published is in its queue by then.
    await channel.waitForConfirms();
    await channel.close();
  } finally {
    await connection.close();
  }
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
/** An alarm spreads through the node, and then blocks whoever publishes. */
const blocked = (broker: Broker) =>
  until('it is blocked', () => {
    void broker.publish(packet('a')).catch(() => {});
    return !broker.ready;
  });

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
    const headers = [
      { 'x-death': 'x' },
      { rascal: { encryption: { name: 'x' } } },
      { rascal: { recovery: { [`${exchange}.order`]: { immediateNack: true } } } },
    ];
    await operate(async (channel) => {
      for (const [n, one] of headers.entries())
        channel.publish('', `${exchange}.order`, Buffer.from(String(n)), { headers: one });
    });
    await until('they arrive', () => texts().length >= headers.length);
    expect(texts()).toEqual(['0', '1', '2']);
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'connected']);
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

  test('of several nodes the one that answers is found: one refuses, one takes the connection and says nothing', async () => {
    const mute = await openProxy(node.url ?? '');
    mute.stall();
    const { broker } = open({
      name: 'any',
      bindings: ['a'],
      url: `amqp://127.0.0.1:1,${mute.url},${node.url}`,
    });
    await ready(broker);
    await broker.publish(packet('a'));
    await mute.close();
  });

  test('a close does not wait for a node that says nothing', async () => {
    const mute = await openProxy(node.url ?? '');
    mute.stall();
    const { broker, events } = open({ name: 'mute', bindings: [], url: mute.url });
    await until('it knocks', () => mute.connections.open === 1);
    const startMs = performance.now();
    await broker.close();
    // Less than the attempt to connect may take.
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(events).toEqual([]);
    await mute.close();
  });

  test('a close on a connection that has died leaves nothing that keeps the process running', async () => {
    const started = vi.spyOn(globalThis, 'setInterval');
    const cleared = vi.spyOn(globalThis, 'clearInterval');
    const proxy = await openProxy(node.url ?? '');
    try {
      const { broker } = open({ name: 'stock', bindings: ['stock.reserve'], url: proxy.url });
      await ready(broker);
      proxy.stall();
      await broker.close();
      // rascal's, which would run for ever; a heartbeat's end with the second that is missed.
      const forEver = started.mock.results.filter((_, n) => (started.mock.calls[n]?.[1] ?? 0) > 60_000);
      expect(forEver.length).toBeGreaterThanOrEqual(2);
      const ended = new Set(cleared.mock.calls.map(([timer]) => timer));
      expect(forEver.filter(({ value }) => !ended.has(value))).toEqual([]);
    } finally {
      vi.restoreAllMocks();
      await proxy.close();
    }
  });

  test('a queue that is there and differs: it is told, and no connection is left behind', async () => {
    await operate((channel) => channel.assertQueue(`${exchange}.differs`, { durable: false }));
    const proxy = await openProxy(node.url ?? '');
    const { broker, events } = open({ name: 'differs', bindings: ['a'], url: proxy.url });
    await until('it is told', () => events.length > 0);
    expect(events).toEqual([
      { kind: 'unreachable', link: 'consuming', error: expect.stringContaining('PRECONDITION_FAILED') },
    ]);
    await until('it has left', () => proxy.connections.open === 0);
    expect(broker.ready).toBe(false);
    await proxy.close();
  });

  test('a connection on which nothing passes any more is noticed, and others are made', {
    timeout: 60_000,
  }, async () => {
    const proxy = await openProxy(node.url ?? '');
    // Noticed after two to three of these; by default they are 10 s.
    const { broker, lost } = open({ name: 'order', bindings: ['a'], url: `${proxy.url}?heartbeat=1` });
    const { texts } = receiver(broker);
    await ready(broker);
    proxy.stall();
    await until('it is noticed', () => lost('publishing') > 0 && lost('consuming') > 0);
    expect(broker.ready).toBe(false);
    proxy.resume();
    await ready(broker);
    await broker.publish(packet('a', 'again'));
    await until('it arrives', () => texts().includes('again'));
    await proxy.close();
  });

  /** Publishes until a queue takes it: others may be about to declare theirs. */
  const taken = (broker: Broker, routingKey: string, text?: string) =>
    until('it is taken', () =>
      broker.publish(packet(routingKey, text)).then(
        () => true,
        () => false,
      ),
    );

  /** What an operator may delete of a service's part, by what remains of it. */
  const deletions: Record<string, (channel: Channel, on: string) => Promise<unknown>> = {
    'no queue': (channel, on) => channel.deleteQueue(`${on}.order`),
    'no exchange': (channel, on) => channel.deleteExchange(on),
    'no binding': (channel, on) => channel.unbindQueue(`${on}.order`, on, 'a'),
    nothing: async (channel, on) => {
      await channel.deleteExchange(on);
      await channel.deleteQueue(`${on}.order`);
    },
    'another queue of that name': async (channel, on) => {
      await channel.deleteQueue(`${on}.order`);
      await channel.assertQueue(`${on}.order`, {
        arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 },
      });
    },
  };

  // Together: each waits for its own next look, for up to ten seconds.
  test(`what is deleted is there again, though nothing else happens: ${Object.keys(deletions).join(', ')}`, async () => {
    await Promise.all(
      Object.values(deletions).map(async (remove, n) => {
        const on = `${exchange}.${n}`;
        const { broker: order } = open({ name: 'order', bindings: ['a', 'b'], exchange: on });
        const { broker: stock } = open({ name: 'stock', bindings: [], exchange: on });
        const { texts } = receiver(order);
        await ready(order, stock);
        // It may be there again before anybody has missed it.
        await until('it is missed', async () => {
          await operate((channel) => remove(channel, on));
          return stock.publish(packet('a', 'missed')).then(
            () => false,
            () => true,
          );
        });
        await taken(stock, 'a', 'again');
        await until('it arrives', () => texts().includes('again'));
      }),
    );
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

  test('that closes channels: what was in them comes again, what is published arrives', async () => {
    const { broker, lost } = service('order', 'a');
    const { deliveries } = receiver(broker, (delivery) => {
      if (delivery.redelivered) delivery.acknowledge();
    });
    await ready(broker);
    await broker.publish(packet('a'));
    await until('it arrives', () => deliveries.length === 1);
    // The same as a client that acknowledges what was never delivered to it.
    await node.control?.tell(
      "[ok = rabbit_channel:do(C, {'basic.ack', 4711, false}) || C <- rabbit_channel:list_local()].",
    );
    await until('it was noticed', () => lost('consuming') > 0);
    await until('it comes again', () => deliveries.length === 2);
    await ready(broker);
    await broker.publish(packet('a'));
  });

  test('that runs out of memory is not ready until it has some again', { timeout: 60_000 }, async () => {
    const { broker, events } = service('order', 'a');
    await ready(broker);
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.000001).');
    await blocked(broker);
    let told = false;
    broker.onReady(() => {
      told = true;
    });
    expect(told).toBe(false);
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.6).');
    await until('it goes on', () => told && broker.ready);
    expect(events.map(({ kind }) => kind)).toEqual(['connected', 'connected', 'blocked', 'unblocked']);
    await broker.publish(packet('a'));
  });

  test('that runs out of memory delivers what it has, and hears what is acknowledged', {
    timeout: 60_000,
  }, async () => {
    const { broker } = service('order', 'a');
    await ready(broker);
    for (const text of ['1', '2', '3']) await broker.publish(packet('a', text));
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.000001).');
    await blocked(broker);
    // One at a time: the second comes when the first was acknowledged.
    const { texts } = receiver(broker, (delivery) => delivery.acknowledge(), 1);
    await until('all arrive', () => texts().length >= 3);
    expect(texts().slice(0, 3)).toEqual(['1', '2', '3']);
    expect(broker.ready).toBe(false);
    await node.control?.tell('vm_memory_monitor:set_vm_memory_high_watermark(0.6).');
    await ready(broker);
  });

  test('that is away does not hold up a close', { timeout: 60_000 }, async () => {
    const { broker } = service('order', 'a');
    receiver(broker);
    await ready(broker);
    await node.control?.stopApp();
    const startMs = performance.now();
    await broker.close();
    expect(performance.now() - startMs).toBeLessThan(8_000);
    await node.control?.startApp();
  });
});
