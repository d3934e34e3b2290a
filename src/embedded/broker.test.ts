import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type Broker,
  BrokerAway,
  type Delivery,
  type Packet,
  PublishRefused,
  publishTimeoutMs,
} from '../outbox/index.ts';
import { createMemoryBroker } from './broker.ts';

const packet = (routingKey: string, text = 'x', mandatory = true) => ({
  routingKey,
  contentType: 'text/plain',
  body: Buffer.from(text),
  mandatory,
});

/** Two services, one exchange. */
function shop() {
  const { connect } = createMemoryBroker();
  const order = connect({ exchange: 'shop', queue: 'shop.order', bindings: ['stock.reserved'] });
  const stock = connect({
    exchange: 'shop',
    queue: 'shop.stock',
    bindings: ['stock.reserve', 'order.confirmed'],
  });
  return { order, stock };
}

/** Publishes what nobody may ever acknowledge. */
const say = (broker: Broker, said: Packet) => void broker.publish(said).catch(() => {});

/** Collects deliveries and lets a test wait for the n-th. */
function collector() {
  const deliveries: Delivery[] = [];
  let notify = () => {};
  return {
    deliveries,
    onDelivery: (delivery: Delivery) => {
      deliveries.push(delivery);
      notify();
    },
    async arrived(count: number) {
      while (deliveries.length < count)
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      return deliveries.map(({ body }) => body.toString());
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('a packet reaches the service that binds its type, as it was, and not within publish', async () => {
  const { order, stock } = shop();
  const { deliveries, onDelivery, arrived } = collector();
  stock.subscribe({ prefetch: 10 }, onDelivery);
  const published = order.publish(packet('stock.reserve', 'please'));
  expect(deliveries).toEqual([]);
  expect(await arrived(1)).toEqual(['please']);
  deliveries[0]?.acknowledge();
  await published;
  expect(deliveries[0]).toMatchObject({ contentType: 'text/plain', redelivered: false });
});

test('what nobody takes is refused if it is mandatory', async () => {
  const { order } = shop();
  await expect(order.publish(packet('payment.authorize'))).rejects.toThrow(PublishRefused);
  await expect(order.publish(packet('order.cancelled', 'news', false))).resolves.toBeUndefined();
});

test('it keeps nothing on disk, so a packet is confirmed when everybody has acknowledged it', async () => {
  const { connect } = createMemoryBroker();
  const [one, two] = ['one', 'two'].map((name) => {
    const service = connect({ exchange: 'shop', queue: `shop.${name}`, bindings: ['order.confirmed'] });
    const received = collector();
    const subscription = service.subscribe({ prefetch: 10 }, received.onDelivery);
    return { service, received, subscription };
  });
  let confirmed = false;
  const published = one?.service.publish(packet('order.confirmed')).then(() => {
    confirmed = true;
  });
  await Promise.all([one?.received.arrived(1), two?.received.arrived(1)]);
  one?.received.deliveries[0]?.acknowledge();
  await turn();
  expect(confirmed).toBe(false);
  two?.received.deliveries[0]?.acknowledge();
  await published;
  const lost = one?.service.publish(packet('order.confirmed'));
  await two?.received.arrived(2);
  await two?.subscription.cancel();
  await expect(lost).rejects.toThrow(BrokerAway);
  await expect(one?.service.publish(packet('order.confirmed'))).rejects.toThrow(BrokerAway);
});

test('packets wait for a subscriber, and no more than prefetch are out at a time', async () => {
  const { order, stock } = shop();
  for (const text of ['1', '2', '3', '4', '5']) say(order, packet('stock.reserve', text));
  const { deliveries, onDelivery, arrived } = collector();
  stock.subscribe({ prefetch: 2 }, onDelivery);
  expect(await arrived(2)).toEqual(['1', '2']);
  await turn();
  expect(deliveries).toHaveLength(2);
  deliveries[0]?.acknowledge();
  expect(await arrived(3)).toEqual(['1', '2', '3']);
});

test('what nobody took in time is forgotten: its sender gave it up and sends it again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { order, stock } = shop();
  const late = expect(order.publish(packet('stock.reserve', 'first'))).rejects.toThrow(BrokerAway);
  await vi.advanceTimersByTimeAsync(publishTimeoutMs + 1);
  await late;
  say(order, packet('stock.reserve', 'again'));
  const { deliveries, onDelivery, arrived } = collector();
  stock.subscribe({ prefetch: 10 }, onDelivery);
  await arrived(1);
  await turn();
  expect(deliveries.map(({ body }) => body.toString())).toEqual(['again']);
});

test('what is given back comes again, marked so', async () => {
  const { order, stock } = shop();
  const { deliveries, onDelivery, arrived } = collector();
  stock.subscribe({ prefetch: 1 }, onDelivery);
  say(order, packet('stock.reserve', 'again'));
  await arrived(1);
  deliveries[0]?.requeue();
  expect(await arrived(2)).toEqual(['again', 'again']);
  expect(deliveries[1]?.redelivered).toBe(true);
});

test('a cancelled subscription gives everything back; settling it then does nothing', async () => {
  const { order, stock } = shop();
  const first = collector();
  const subscription = stock.subscribe({ prefetch: 10 }, first.onDelivery);
  const published = ['1', '2'].map((text) => order.publish(packet('stock.reserve', text)));
  await first.arrived(2);
  first.deliveries[0]?.acknowledge();
  await subscription.cancel();
  await expect(published[1]).rejects.toThrow(BrokerAway);
  first.deliveries[1]?.acknowledge();
  const second = collector();
  stock.subscribe({ prefetch: 10 }, second.onDelivery);
  expect(await second.arrived(1)).toEqual(['2']);
});

test('a closed broker is not ready and publishes nothing', async () => {
  const { order } = shop();
  await order.close();
  expect(order.ready).toBe(false);
  await expect(order.publish(packet('stock.reserve'))).rejects.toThrow('closed');
});
