/**
 * The messages as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0), made from what the modules
 * declare: the schemas that let messages in, the types that may be said, and the topology that the broker is told.
 */
import * as v from 'valibot';
import { orderCommands, orderEvents } from '../contracts/order.ts';
import { paymentCommands, paymentReplies } from '../contracts/payment.ts';
import { stockCommands, stockEvents, stockReplies } from '../contracts/stock.ts';
import { exchange, type Module, sourceOf, topologyOf } from '../modules/module.ts';
import { batchType, declared, maxMessagesPerPacket, singleType } from '../outbox/index.ts';
import { another, exampleOf } from './example.ts';
import { type Json, messageSchema, refTo, sharedSchemas } from './schemas.ts';

/** What is asked of a module to be described. */
export type Declared = Pick<Module, 'name' | 'handles' | 'says' | 'news'>;

const catalogues = {
  command: { ...orderCommands, ...stockCommands, ...paymentCommands },
  reply: { ...stockReplies, ...paymentReplies },
  event: { ...orderEvents, ...stockEvents },
};

const kinds: Readonly<Record<keyof typeof catalogues, string>> = {
  command: 'Imperative, one receiver.',
  reply: 'Answers a command: it carries that command’s id and times.',
  event: 'Past tense, no addressee.',
};

const bindingVersion = '0.3.0';

const description = `Order, Stock and Payment speak by messages only. Each is written to an outbox in the transaction of what it tells, sent until the broker has
confirmed it, and handled once through an inbox: it may come twice, late, or before the one it follows, and has its effect once.

A message is a CloudEvent (1.0) in JSON. One travels alone, several of one type together as a batch; a receiver takes both. Whom it is about
is its \`subject\`. Ignore attributes and properties that you do not know: they may be added. What cannot be understood any more is a new type.`;

/** Makes the document of what `of` say and take. `all`: whoever there is, here or elsewhere, so that each message knows its senders. */
export function asyncApiOf(options: {
  readonly all: readonly Declared[];
  readonly of: readonly Declared[];
  /** The program's. */
  readonly version: string;
}): Json {
  const { all, of, version } = options;
  const seen = new Set(of.flatMap(({ says, handles }) => [...Object.keys(says), ...Object.keys(handles)]));
  const types = messageTypes(all).filter(({ type }) => seen.has(type));
  const said = types.filter(({ type }) => of.some(({ says }) => Object.hasOwn(says, type)));
  return {
    asyncapi: '3.0.0',
    id: 'urn:order-saga',
    info: {
      title: `order-saga: the messages of ${namesOf(of)}`,
      version,
      description,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      tags: Object.entries(kinds).map(([name, text]) => ({ name, description: text })),
    },
    defaultContentType: singleType,
    servers: { rabbitmq: server },
    channels: {
      ...Object.fromEntries(said.map((type) => [type.type, exchangeChannel(type)])),
      ...Object.fromEntries(of.map((module) => [topologyOf(module).queue, queueChannel(module)])),
    },
    operations: Object.fromEntries(
      of.flatMap((module) => [
        ...Object.keys(module.says).map((type) => [`${module.name}.sends.${type}`, sending(module, type)]),
        [`${module.name}.receives`, receiving(module)],
      ]),
    ),
    components: {
      securitySchemes: {
        user: { type: 'userPassword', description: 'Each module has a user of its own.' },
      },
      messages: Object.fromEntries(types.flatMap(messagesOf)),
      schemas: {
        ...sharedSchemas(),
        ...Object.fromEntries(
          types.map(({ type, promise, senders }) => [
            type,
            messageSchema(type, promise, senders.map(sourceOf)),
          ]),
        ),
      },
    },
  };
}

const server = {
  host: '{host}:{port}',
  protocol: 'amqp',
  protocolVersion: '0.9.1',
  description:
    'RabbitMQ, where `AMQP_URL` says. Where nothing is configured the broker is inside the process, and nobody else reaches it.',
  variables: {
    host: { default: 'rabbitmq.example.com', description: 'One of its nodes.' },
    port: { default: '5672', description: '5671 with TLS (`amqps`).' },
  },
  security: [{ $ref: '#/components/securitySchemes/user' }],
};

/** A type of message, with whom it goes between. */
interface MessageType {
  readonly type: string;
  readonly kind: keyof typeof catalogues;
  readonly promise: v.GenericSchema;
  readonly senders: readonly Declared[];
  readonly takers: readonly Declared[];
}

const messageTypes = (all: readonly Declared[]): readonly MessageType[] =>
  Object.entries(catalogues).flatMap(([kind, catalogue]) =>
    Object.entries(catalogue).map(([type, promise]) => ({
      type,
      kind: kind as keyof typeof catalogues,
      promise,
      senders: all.filter(({ says }) => Object.hasOwn(says, type)),
      takers: all.filter(({ handles }) => Object.hasOwn(handles, type)),
    })),
  );

/** Where a type is published. */
function exchangeChannel({ type, senders, takers }: MessageType) {
  const isNews = senders.every(({ news }) => news.includes(type));
  const path = [
    `Said by ${namesOf(senders)}`,
    ...(takers.length > 0 ? [`taken by ${namesOf(takers)}`] : []),
    ...(isNews ? ['nobody need listen'] : []),
  ];
  return {
    address: type,
    title: type,
    description: `${path.join('; ')}.`,
    messages: bothOf(type, componentOf),
    bindings: {
      amqp: { is: 'routingKey', exchange: { name: exchange, ...declared.exchange }, bindingVersion },
    },
  };
}

/** From where a module takes what it handles. */
function queueChannel(module: Declared) {
  const { queue, bindings } = topologyOf(module);
  const { arguments: queueArguments, ...options } = declared.queue;
  return {
    address: queue,
    title: `What ${module.name} takes`,
    description: `Bound to the exchange ${exchange} by the types of these messages.`,
    messages: Object.assign({}, ...bindings.map((type) => bothOf(type, componentOf))),
    bindings: { amqp: { is: 'queue', queue: { name: queue, ...options }, bindingVersion } },
    'x-queue-arguments': queueArguments,
  };
}

const sending = ({ name, news }: Declared, type: string) => ({
  action: 'send',
  title: `${name} says ${type}`,
  channel: { $ref: `#/channels/${type}` },
  messages: Object.values(bothOf(type, (id) => ({ $ref: `#/channels/${type}/messages/${id}` }))),
  bindings: {
    amqp: {
      deliveryMode: declared.message.persistent ? 2 : 1,
      // What no queue takes comes back, and is sent again.
      mandatory: !news.includes(type),
      bindingVersion,
    },
  },
});

function receiving(module: Declared) {
  const { queue, bindings } = topologyOf(module);
  return {
    action: 'receive',
    title: `${module.name} takes what comes`,
    description: 'Acknowledged when the effect is committed, or the message parked.',
    channel: { $ref: `#/channels/${queue}` },
    messages: bindings.flatMap((type) =>
      Object.values(bothOf(type, (id) => ({ $ref: `#/channels/${queue}/messages/${id}` }))),
    ),
    bindings: { amqp: { ack: true, bindingVersion } },
  };
}

const batchOf = (type: string) => `${type}.batch`;
const componentOf = (id: string) => ({ $ref: `#/components/messages/${id}` });
const bothOf = (type: string, refer: (id: string) => object) =>
  Object.fromEntries([type, batchOf(type)].map((id) => [id, refer(id)]));

/** A type as it travels alone, and with others of its kind. */
function messagesOf({ type, kind, promise, senders }: MessageType): [string, Json][] {
  const [source = ''] = senders.map(sourceOf);
  const example = exampleOf({ type, promise, source, isReply: kind === 'reply' });
  const meaning = v.getDescription(promise);
  const common = { tags: [{ name: kind }] };
  return [
    [
      type,
      {
        name: type,
        title: type,
        description: meaning,
        contentType: singleType,
        correlationId: {
          description: 'What the whole conversation is about.',
          location: '$message.payload#/correlationid',
        },
        payload: refTo(type),
        examples: [{ name: 'one', payload: example }],
        ...common,
      },
    ],
    [
      batchOf(type),
      {
        name: batchOf(type),
        title: `${type}, several`,
        summary: 'Those that wait to be sent at the same moment.',
        description: `${meaning} Several of them, each about its own subject.`,
        contentType: batchType,
        payload: { type: 'array', items: refTo(type), minItems: 2, maxItems: maxMessagesPerPacket },
        examples: [{ name: 'two', payload: [example, another(example)] }],
        ...common,
      },
    ],
  ];
}

const namesOf = (modules: readonly Declared[]) =>
  modules
    .map(({ name }) => name)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
