/** A broker inside the process, for when nothing is configured: smqp behind the same port and the same topology as RabbitMQ. */
import { Broker as MemoryBroker, type Message, type Queue } from 'smqp';
import {
  type Broker,
  BrokerAway,
  type ConnectBroker,
  PublishRefused,
  publishTimeoutMs,
} from '../outbox/index.ts';

/** A packet on its way to the queues that take it. */
interface Parcel {
  readonly body: Buffer;
  readonly contentType: string;
  /** One receiver has acknowledged it. */
  readonly received: () => void;
  /** One receiver is gone. */
  readonly lost: () => void;
}

/**
 * One broker for all modules of this process. It keeps nothing on disk, so it confirms a packet only when everybody has
 * acknowledged it: until then the outbox keeps the messages, and a process that is killed loses none. Its queues are bounded by
 * the dispatchers: each has 50 packets in flight at most, and a packet that its sender has given up is forgotten.
 */
export function createMemoryBroker(): { readonly connect: ConnectBroker } {
  const memory = MemoryBroker();
  /** Queues whose receiver has gone: waiting for it would only delay a stop. */
  const abandoned = new Set<string>();
  return { connect: (topology) => connect(memory, abandoned, topology) };
}

function connect(
  memory: MemoryBroker,
  abandoned: Set<string>,
  topology: Parameters<ConnectBroker>[0],
): Broker {
  const exchange = memory.assertExchange(topology.exchange, 'topic', { autoDelete: false });
  const queue = memory.assertQueue(topology.queue, { autoDelete: false });
  for (const type of topology.bindings) memory.bindQueue(topology.queue, topology.exchange, type);
  let open = true;

  return {
    get ready() {
      return open;
    },

    onReady(listener) {
      listener();
      return () => {};
    },

    async publish({ routingKey, contentType, body, mandatory }) {
      if (!open) throw new BrokerAway('the broker is closed');
      const queues: Queue[] = exchange.bindings
        .filter((bound) => bound.testPattern(routingKey))
        .map((bound) => bound.queue);
      if (queues.length === 0 && mandatory) throw new PublishRefused(`no queue takes ${routingKey}`);
      if (queues.some(({ name }) => abandoned.has(name))) throw new BrokerAway('its receiver has stopped');
      await new Promise<void>((resolve, reject) => {
        let missing = queues.length;
        const lost = () => reject(new BrokerAway('its receiver has not acknowledged it'));
        const timer = setTimeout(() => {
          lost();
          for (const queue of queues) queue.evictExpired();
        }, publishTimeoutMs);
        const received = () => {
          missing -= 1;
          if (missing > 0) return;
          clearTimeout(timer);
          resolve();
        };
        if (queues.length === 0) received();
        else
          exchange.publish(routingKey, { body, contentType, received, lost } satisfies Parcel, {
            expiration: publishTimeoutMs,
          });
      });
    },

    subscribe({ prefetch }, onDelivery) {
      const inHand = new Set<Parcel>();
      let cancelled = false;
      abandoned.delete(topology.queue);

      const onMessage = (_: string, message: Message) => {
        const parcel: Parcel = message.content;
        const receivedAt = new Date();
        inHand.add(parcel);
        // Never inside the publisher's call: its stack would grow with every answer.
        setImmediate(() => {
          if (cancelled) return;
          onDelivery({
            body: parcel.body,
            contentType: parcel.contentType,
            redelivered: message.fields.redelivered ?? false,
            receivedAt,
            acknowledge() {
              if (cancelled) return;
              inHand.delete(parcel);
              message.ack(false);
              parcel.received();
            },
            requeue: () => message.nack(false, true),
          });
        });
      };
      const consumer = queue.consume(onMessage, { prefetch });
      return {
        async cancel() {
          cancelled = true;
          abandoned.add(topology.queue);
          // Gives back what is not acknowledged; settling that later does nothing.
          consumer.cancel(true);
          for (const parcel of inHand) parcel.lost();
        },
      };
    },

    async close() {
      open = false;
    },
  };
}
