/** A RabbitMQ that does not answer one question, and is well otherwise: nobody waits for that for ever. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNode } from '../../test/support/node.ts';
import { openProxy, type TestProxy } from '../../test/support/proxy.ts';
import { until } from '../../test/support/until.ts';
import type { Broker } from './broker.ts';
import { type RabbitEvent, rabbit } from './rabbit.ts';
import { breakable, keepLinked } from './rabbit-link.ts';

const node = await openNode();
afterAll(() => node.close());

describe.skipIf(node.url === undefined)('a RabbitMQ that does not answer', () => {
  let proxy: TestProxy;
  let broker: Broker | undefined;
  let count = 0;
  beforeEach(async () => {
    proxy = await openProxy(node.url ?? '');
    count += 1;
  });
  afterEach(async () => {
    await broker?.close();
    await proxy.close();
  });

  function open(events: RabbitEvent[] = []): Broker {
    const connect = rabbit({
      url: proxy.url,
      answerTimeoutMs: 2_000,
      onEvent: (event) => events.push(event),
    });
    const name = `silent${process.pid}.${count}`;
    broker = connect({ exchange: name, queue: `${name}.order`, bindings: ['a'] });
    return broker;
  }
  const packet = { routingKey: 'a', contentType: 'text/plain', body: Buffer.from('x'), mandatory: true };

  test('a subscription: another one is made', async () => {
    const events: RabbitEvent[] = [];
    const hidden = hideOnce(proxy, 'server', method.consumeOk);
    const texts: string[] = [];
    const opened = open(events);
    opened.subscribe({ prefetch: 10 }, (delivery) => {
      texts.push(delivery.body.toString());
      delivery.acknowledge();
    });
    await until('the answer is hidden', () => hidden.done);
    await until('it is told', () => events.some(({ kind }) => kind === 'disconnected'));
    await until('another link is there', () => opened.ready);
    await opened.publish(packet);
    await until('it arrives', () => texts.length > 0);
    expect(texts).toEqual(['x']);
    expect(events).toContainEqual({
      kind: 'disconnected',
      link: 'consuming',
      error: 'RabbitMQ did not answer within 2 s',
    });
  });

  test.each([
    ['what is declared', 'server', method.queueDeclareOk],
    ['a good-bye, though the connection stays', 'server', method.channelCloseOk],
  ] as const)('%s: it is declared again', async (_, from, what) => {
    const events: RabbitEvent[] = [];
    const hidden = hideOnce(proxy, from, what);
    const opened = open(events);
    await until('the answer is hidden', () => hidden.done);
    await until('a link is there', () => opened.ready);
    expect(events[0]).toEqual({
      kind: 'unreachable',
      link: 'consuming',
      error: 'RabbitMQ did not answer within 2 s',
    });
  });

  test('a good-bye, because the connection is lost with it: it is declared again', async () => {
    const opened = open();
    await once(proxy, 'client', method.channelClose, () => proxy.cut());
    await until('a link is there', () => opened.ready);
  });

  test('what is declared, while it is closed: nobody waits', async () => {
    const hidden = hideOnce(proxy, 'server', method.queueDeclareOk);
    const opened = open();
    await until('the answer is hidden', () => hidden.done);
    const startMs = performance.now();
    await opened.close();
    expect(performance.now() - startMs).toBeLessThan(1_500);
  });
});

test.each([
  ['goes away', 320],
  ['has just lost a queue', 404],
  ['is in trouble', 541],
])('one that says that it %s is asked again soon', async (_, code) => {
  const closing = new AbortController();
  let opened = 0;
  const kept = keepLinked({
    signal: closing.signal,
    async open() {
      opened += 1;
      if (opened === 1) throw Object.assign(new Error('no'), { code });
      return { ...breakable(), close: async () => {} };
    },
    use: () => closing.abort(),
    lost() {},
    onEvent() {},
  });
  await Promise.race([kept, pause(10_000, undefined, { ref: false })]);
  expect(opened).toBe(2);
  await kept;
});

/** Class and method of AMQP 0-9-1. */
const method = {
  channelClose: [20, 40],
  channelCloseOk: [20, 41],
  queueDeclareOk: [50, 11],
  consumeOk: [60, 21],
} as const;
type Method = (typeof method)[keyof typeof method];

/** Begins: type 1, channel (2 bytes), size (4), class (2), method (2). */
const headBytes = 7;
const methodFrame = 1;
const heartbeatFrame = 8;

/** Where the first frame of this method begins in what passes; -1: there is none. */
function findFrame(bytes: Buffer, [classId, methodId]: Method): number {
  for (let at = 0; at + headBytes + 4 <= bytes.length; at += headBytes + bytes.readUInt32BE(at + 3) + 1)
    if (
      bytes[at] === methodFrame &&
      bytes.readUInt16BE(at + headBytes) === classId &&
      bytes.readUInt16BE(at + headBytes + 2) === methodId
    )
      return at;
  return -1;
}

/** Calls `act` when the first frame of this method comes by. */
function once(proxy: TestProxy, side: 'client' | 'server', what: Method, act: () => void): Promise<void> {
  return new Promise((resolve) => {
    const end = proxy.watch((bytes, from) => {
      if (from !== side || findFrame(bytes, what) < 0) return;
      end();
      act();
      resolve();
    });
  });
}

/** The first frame of this method passes as a heartbeat, which nobody reads: its answer is never heard. */
function hideOnce(proxy: TestProxy, side: 'client' | 'server', what: Method): { readonly done: boolean } {
  const hidden = { done: false };
  const end = proxy.watch((bytes, from) => {
    const at = from === side ? findFrame(bytes, what) : -1;
    if (at < 0) return;
    bytes[at] = heartbeatFrame;
    hidden.done = true;
    end();
  });
  return hidden;
}
