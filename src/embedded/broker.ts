/** A broker inside the process, for when nothing is configured: smqp behind the same port and the same topology as RabbitMQ. */
import { Broker as MemoryBroker, type Message } from 'smqp';
import { type Broker, BrokerAway, type ConnectBroker, PublishRefused } from '../outbox/index.ts';

/**
 * One broker for all modules of this process. What it holds dies with the process; the outboxes and deadlines bring it
 * back, as they do when RabbitMQ forgets everything. Its queues are bounded by the dispatchers: each sends only what its
 * outbox holds, and nothing twice within a lease.
 */
export function createMemoryBroker(): { readonly connect: ConnectBroker } {
  const memory = MemoryBroker();
  return { connect: (topology) => connect(memory, topology) };
}

function connect(memory: MemoryBroker, topology: Parameters<ConnectBroker>[0]): Broker {
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
      if (mandatory && !exchange.bindings.some((binding) => binding.testPattern(routingKey)))
        throw new PublishRefused(`no queue takes ${routingKey}`);
      exchange.publish(routingKey, body, { contentType });
    },

    subscribe({ prefetch }, onDelivery) {
      let cancelled = false;
      const onMessage = (_: string, message: Message) => {
        const receivedAt = new Date();
        // Never inside the publisher's call: its stack would grow with every answer.
        setImmediate(() => {
          if (cancelled) return;
          onDelivery({
            body: message.content,
            contentType: message.properties['contentType'],
            redelivered: message.fields.redelivered ?? false,
            receivedAt,
            acknowledge: () => message.ack(false),
            requeue: () => message.nack(false, true),
          });
        });
      };
      const consumer = queue.consume(onMessage, { prefetch });
      return {
        async cancel() {
          cancelled = true;
          // Gives back what is not acknowledged; settling that later does nothing.
          consumer.cancel(true);
        },
      };
    },

    async close() {
      open = false;
    },
  };
}
