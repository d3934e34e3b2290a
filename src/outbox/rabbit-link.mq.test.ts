/** A RabbitMQ that does not answer one question, and is well otherwise: nobody waits for that for ever. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openNode } from '../../test/support/node.ts';
import { openProxy, type TestProxy } from '../../test/support/proxy.ts';
import { until } from '../../test/support/until.ts';
import type { Broker } from './broker.ts';
import { type RabbitEvent, rabbit } from './rabbit.ts';
import { answered, breakable, keepLinked } from './rabbit-link.ts';

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

  function open(events: RabbitEvent[] = [], answerTimeoutMs = 2_000): Broker {
    const connect = rabbit({ url: proxy.url, answerTimeoutMs, onEvent: (event) => events.push(event) });
    const name = `silent${process.pid}.${count}`;
    broker = connect({ exchange: name, queue: `${name}.order`, bindings: ['a'] });
    return broker;
  }
  const packet = { routingKey: 'a', contentType: 'text/plain', body: Buffer.from('x'), mandatory: true };

  const connected = (events: readonly RabbitEvent[], link: 'publishing' | 'consuming') =>
    events.filter((event) => event.kind === 'connected' && event.link === link).length;

  test('a subscription: another one is made', async () => {
    const events: RabbitEvent[] = [];
    const hidden = hideOnce(proxy, method.consumeOk);
    const texts: string[] = [];
    const opened = open(events);
    opened.subscribe({ prefetch: 10 }, (delivery) => {
      texts.push(delivery.body.toString());
      delivery.acknowledge();
    });
    await until('the answer is hidden', () => hidden.done);
    await until('another link is there', () => connected(events, 'consuming') === 2 && opened.ready);
    await opened.publish(packet);
    await until('it arrives', () => texts.length > 0);
    expect(texts).toEqual(['x']);
    expect(events).toContainEqual({
      kind: 'disconnected',
      link: 'consuming',
      error: 'RabbitMQ has not answered a subscription for 2 s',
    });
  });

  test('whoever opens the first channel to publish over: another link is made', async () => {
    const events: RabbitEvent[] = [];
    const opened = open(events);
    await until('a link is there', () => opened.ready);
    const hidden = hideOnce(proxy, method.confirmSelectOk);
    await until('a packet is published', () =>
      opened.publish(packet).then(
        () => true,
        () => false,
      ),
    );
    expect(hidden.done).toBe(true);
    expect(events).toContainEqual({
      kind: 'disconnected',
      link: 'publishing',
      error: 'RabbitMQ has not answered a publish for 2 s',
    });
  });

  test.each([
    ['what is declared', method.queueDeclareOk],
    ['a good-bye, though the connection stays', method.channelCloseOk],
  ] as const)('%s: it is declared again', async (_, what) => {
    const events: RabbitEvent[] = [];
    const hidden = hideOnce(proxy, what);
    const opened = open(events);
    await until('the answer is hidden', () => hidden.done);
    await until('a link is there', () => opened.ready);
    expect(events[0]).toEqual({
      kind: 'unreachable',
      link: 'consuming',
      error: 'RabbitMQ has not answered a declaration for 2 s',
    });
  });

  test('a good-bye, because the connection is lost with it: it is declared again', async () => {
    const opened = open();
    const end = proxy.watch((bytes, from) => {
      if (from !== 'client' || findFrame(bytes, method.channelClose) < 0) return;
      end();
      proxy.cut();
    });
    await until('a link is there', () => opened.ready);
  });

  test.each([
    ['what is declared', method.queueDeclareOk, 1],
    // The first one is rascal's, to declare over.
    ['a channel', method.channelOpenOk, 2],
  ] as const)('%s, while it is closed: nobody waits for that', async (_, what, nth) => {
    const hidden = hideOnce(proxy, what, nth);
    const opened = open([], 60_000);
    await until('the answer is hidden', () => hidden.done);
    const startMs = performance.now();
    await opened.close();
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });
});

test('nobody waits for an answer when nobody waited any more before the question', async () => {
  const answer = answered('anything', { answerTimeoutMs: 10_000, signal: AbortSignal.abort() }, () => {});
  await expect(answer).rejects.toThrow('RabbitMQ is being closed');
});

test('one that says that what was just there is not is asked again soon', async () => {
  const closing = new AbortController();
  let opened = 0;
  const kept = keepLinked({
    signal: closing.signal,
    async open() {
      opened += 1;
      if (opened === 1) throw Object.assign(new Error('NOT_FOUND'), { code: 404 });
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
  channelOpenOk: [20, 11],
  channelClose: [20, 40],
  channelCloseOk: [20, 41],
  queueDeclareOk: [50, 11],
  consumeOk: [60, 21],
  confirmSelectOk: [85, 11],
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

/** The first frame of this method that the server says (or the n-th) passes as a heartbeat, which nobody reads. */
function hideOnce(proxy: TestProxy, what: Method, nth = 1): { readonly done: boolean } {
  const hidden = { done: false };
  let seen = 0;
  const end = proxy.watch((bytes, from) => {
    const at = from === 'server' ? findFrame(bytes, what) : -1;
    if (at < 0) return;
    seen += 1;
    if (seen < nth) return;
    bytes[at] = heartbeatFrame;
    hidden.done = true;
    end();
  });
  return hidden;
}
