import { describe, expect, test } from 'vitest';
import { batchType, causeOf, compose, decode, encode, type Message, singleType, stamp } from './message.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const arrived = new Date('2026-03-01T12:00:01.000Z');
const draft = {
  type: 'stock.reserve',
  subject: 'order-1',
  data: { lines: [{ sku: 'MUG-01', quantity: 1 }] },
};

/** Over the wire and back, as one packet. */
function transport(...messages: Message[]) {
  const packet = encode(messages.map((message) => stamp(JSON.stringify(message), now.toISOString(), 2)));
  return { contentType: packet.contentType, entries: decode(packet.body, arrived) };
}

describe('compose', () => {
  test('fills in what a draft leaves out', () => {
    const message = compose(draft, '/order', now);
    expect(message).toMatchObject({
      specversion: '1.0',
      source: '/order',
      time: now.toISOString(),
      correlationid: 'order-1',
      ...draft,
    });
    expect(message.id[14]).toBe('7');
    expect(message.causationid).toBeUndefined();
  });

  test('names the cause and inherits its trace', () => {
    const cause = { id: 'cause-1', traceparent: '00-1-2-01', tracestate: 'a=b' };
    expect(compose({ ...draft, causedBy: cause }, '/order', now)).toMatchObject({
      causationid: 'cause-1',
      traceparent: '00-1-2-01',
      tracestate: 'a=b',
    });
  });

  test('a reply carries the times of its command, other messages do not', () => {
    const cause = {
      id: 'c',
      senttime: '2026-03-01T11:59:58.000Z',
      receivedtime: '2026-03-01T11:59:59.000Z',
      attempt: 3,
    };
    expect(compose({ ...draft, causedBy: cause, reply: true }, '/stock', now)).toMatchObject({
      commandsent: cause.senttime,
      commandreceived: cause.receivedtime,
      commandhandled: now.toISOString(),
      commandattempt: 3,
    });
    expect(compose({ ...draft, causedBy: cause }, '/stock', now)).not.toHaveProperty('commandsent');
  });

  test('the cause of a later message is kept without the content of the earlier one', () => {
    const message = { ...compose(draft, '/order', now), receivedtime: arrived.toISOString() };
    expect(causeOf(message)).toEqual({ id: message.id, receivedtime: arrived.toISOString() });
  });
});

describe('the wire', () => {
  test('one message travels alone and comes back as it was, stamped', () => {
    const message = compose(draft, '/order', now);
    const { contentType, entries } = transport(message);
    expect(contentType).toBe(singleType);
    expect(entries).toEqual([
      {
        message: { ...message, senttime: now.toISOString(), attempt: 2, receivedtime: arrived.toISOString() },
      },
    ]);
  });

  test('several travel as a batch, in order', () => {
    const messages = [1, 2, 3].map((n) => compose({ ...draft, subject: `order-${n}` }, '/order', now));
    const { contentType, entries } = transport(...messages);
    expect(contentType).toBe(batchType);
    expect(entries.map((entry) => 'message' in entry && entry.message.subject)).toEqual([
      'order-1',
      'order-2',
      'order-3',
    ]);
  });

  test('text that is not JSON is one fault, and its content is kept', () => {
    expect(decode(Buffer.from('{oops'), arrived)).toEqual([{ content: '{oops', fault: 'not JSON' }]);
  });

  test('what is no CloudEvent does not harm its neighbours, and no value is told', () => {
    const good = compose(draft, '/order', now);
    const bad = { ...good, id: 'tok_secret' };
    const entries = decode(Buffer.from(JSON.stringify([bad, 17, good])), arrived);
    expect(entries.map((entry) => ('fault' in entry ? entry.fault.slice(0, 13) : 'good'))).toEqual([
      'no CloudEvent',
      'no CloudEvent',
      'good',
    ]);
    expect(JSON.stringify(entries.map((entry) => 'fault' in entry && entry.fault))).not.toContain(
      'tok_secret',
    );
  });

  test.each([
    ['an array', '[', ']'],
    ['an object', '{"a":', '}'],
  ])(
    '%s that is nested without end is no CloudEvent, and what is kept of it can be written',
    (_, open, close) => {
      const deep = `${open.repeat(50_000)}1${close.repeat(50_000)}`;
      const good = JSON.stringify(compose(draft, '/order', now));
      const deepData = JSON.stringify(compose({ ...draft, data: 'DEEP' }, '/order', now)).replace(
        '"DEEP"',
        deep,
      );
      const entries = decode(Buffer.from(`[{"b":${deep}},${deepData},${good}]`), arrived);
      expect(entries.map((entry) => ('fault' in entry ? entry.fault : 'good'))).toEqual([
        'nested more than 64 deep',
        'nested more than 64 deep',
        'good',
      ]);
      expect(JSON.stringify(entries)).toContain('too deep to be kept');
      expect(entries[1]).toMatchObject({ content: { subject: draft.subject } });
    },
  );

  test.each([
    ['a NUL', { source: '/a\u0000' }],
    ['half a surrogate pair', { tracestate: '\ud800' }],
    ['an infinite attempt', { attempt: '#' }],
    ['half an attempt', { commandattempt: 1.5 }],
  ])('%s is not let in', (_, attributes) => {
    const text = JSON.stringify({ ...compose(draft, '/order', now), ...attributes }).replace('"#"', '1e999');
    expect(decode(Buffer.from(text), arrived)).toMatchObject([
      { fault: expect.stringContaining('no CloudEvent') },
    ]);
  });

  test('attributes that are not known are dropped', () => {
    const [entry] = decode(
      Buffer.from(JSON.stringify({ ...compose(draft, '/order', now), __proto: 1, extra: 2 })),
      arrived,
    );
    expect(entry).not.toHaveProperty('message.extra');
  });
});
