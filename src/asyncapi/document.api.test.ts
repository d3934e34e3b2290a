/** The document of the messages: that it is well-formed, says what the code says, and lies in docs/api as it is served. */
import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';
import { expect, test } from 'vitest';
import { payloadValidator } from '../../test/support/asyncapi.ts';
import { moduleNames, readConfig } from '../config.ts';
import { admit } from '../outbox/inbox.ts';
import { decode } from '../outbox/message.ts';
import { createModule } from '../service.ts';
import { asyncApiOf } from './document.ts';

interface Described {
  readonly contentType: string;
  readonly description: string;
  readonly examples: readonly { readonly payload: unknown }[];
}

interface Shown {
  readonly channels: Readonly<Record<string, { readonly messages: object; readonly description: string }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: string; readonly messages: readonly object[] }>
  >;
  readonly components: {
    readonly messages: Readonly<Record<string, Described>>;
  };
}

const { version } = JSON.parse(await readFile('package.json', 'utf8'));
const all = moduleNames.map((name) => createModule(name, readConfig('serve', {})));
const documentOf = (...names: readonly string[]) =>
  asyncApiOf({ all, of: all.filter(({ name }) => names.includes(name)), version }) as unknown as Shown;
const whole = documentOf(...moduleNames);

test('docs/api/asyncapi.json is as it is served: `npm run api` writes it anew', async () => {
  await expect(`${JSON.stringify(whole, null, 2)}\n`).toMatchFileSnapshot('../../docs/api/asyncapi.json');
});

/** What AsyncAPI's own parser finds; 3.1 is known to it, and not yet to most tools. */
async function faultsOf(document: object): Promise<readonly string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics
    .filter(({ code }) => code !== 'asyncapi-latest-version')
    .map(({ code, message, path }) => `${code} at ${path.join('/')}: ${message}`);
}

test.each([['all', whole] as const, ...moduleNames.map((name) => [name, documentOf(name)] as const)])(
  'AsyncAPI has nothing to say against the document of %s',
  async (_, document) => {
    expect(await faultsOf(document)).toEqual([]);
  },
);

test('a fault in a document is found', async () => {
  const wrong = JSON.stringify(whole).replace('"action":"receive"', '"action":"take"');
  expect((await faultsOf(JSON.parse(wrong))).join()).toContain('operations/order.receives/action');
});

test('every example is as its schema says, and another one is not', () => {
  const faultOf = payloadValidator(whole);
  const faults = Object.entries(whole.components.messages).flatMap(([name, { examples }]) =>
    examples.map(({ payload }) => [name, payload && faultOf(name, payload)]),
  );
  expect(faults).toEqual(Object.keys(whole.components.messages).map((name) => [name, undefined]));
  const [example] = whole.components.messages['stock.reserve']?.examples ?? [];
  const nothing = { ...(example?.payload as object), data: { lines: [] } };
  expect(faultOf('stock.reserve', nothing)).toContain('must NOT have fewer than 1 items');
  expect(faultOf('stock.release', example?.payload)).toContain('must be equal to constant');
});

test('every type that is said or taken is described, and nothing else', () => {
  const types = new Set(all.flatMap(({ says, handles }) => [...Object.keys(says), ...Object.keys(handles)]));
  const described = Object.keys(whole.components.messages);
  expect(described.sort()).toEqual([...types].flatMap((type) => [type, `${type}.batch`]).sort());
  for (const { description } of Object.values(whole.components.messages)) expect(description).not.toBe('');
});

test.each(all)('every example that $name takes is taken', ({ handles }) => {
  const { messages } = whole.components;
  for (const type of Object.keys(handles))
    for (const [index, count] of [type, `${type}.batch`].entries()) {
      const payload = messages[count]?.examples[0]?.payload;
      const entries = decode(Buffer.from(JSON.stringify(payload)), new Date());
      expect(entries).toHaveLength(index + 1);
      for (const entry of entries) expect(admit(entry, handles, new Date()).fault).toBeUndefined();
    }
});

test('a process tells what it says and takes itself', () => {
  const { channels, operations } = documentOf('payment');
  expect(Object.keys(channels)).toEqual([
    'order.inquire',
    'payment.authorized',
    'payment.declined',
    'payment.voided',
    'order-saga.payment',
  ]);
  expect(Object.keys(operations)).toEqual([
    'payment.sends.payment.authorized',
    'payment.sends.payment.declined',
    'payment.sends.payment.voided',
    'payment.sends.order.inquire',
    'payment.receives',
  ]);
  expect(channels['order.inquire']?.description).toBe('Said by stock and payment; taken by order.');
  expect(whole.channels['order.rejected']?.description).toBe('Said by order; nobody need listen.');
});

test('it names no host that is configured', () => {
  const config = readConfig('serve', {
    MODULE: 'stock',
    STOCK_DATABASE_URL: 'postgres://stock:secret@db.internal/stock',
    AMQP_URL: 'amqp://stock:secret@mq.internal',
  });
  const modules = moduleNames.map((name) => createModule(name, config));
  expect(JSON.stringify(asyncApiOf({ all: modules, of: modules, version }))).not.toMatch(/secret|internal/);
});

test('RabbitMQ lets each module say what it says and take what it takes', async () => {
  const { topic_permissions } = JSON.parse(await readFile('deploy/rabbitmq/definitions.json', 'utf8')) as {
    topic_permissions: { user: string; write: string; read: string }[];
  };
  const types = Object.keys(whole.components.messages);
  const allowed = (pattern: string) => types.filter((type) => new RegExp(pattern).test(type)).sort();
  for (const { name, says, handles } of all) {
    const mine = topic_permissions.find(({ user }) => user === name);
    expect(allowed(mine?.write ?? '')).toEqual(Object.keys(says).sort());
    expect(allowed(mine?.read ?? '')).toEqual(Object.keys(handles).sort());
  }
});
