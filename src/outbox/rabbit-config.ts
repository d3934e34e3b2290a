/** The topology in rascal's words. */
import type { Topology } from './broker.ts';

/** One more than the dispatcher has in flight would do; some are being replaced after an error. */
const maxPublishingChannels = 60;
/** Publishing, subscribing and declaring together stay far below it. */
const maxChannels = 200;
/** RabbitMQ 4 would drop a message after 20 deliveries; what cannot be handled is parked by the library, not by the broker. */
const deliveryLimit = 1_000_000;
/** A silent connection is dead after two of these. */
const heartbeatSeconds = 10;
const connectTimeoutMs = 5_000;
/** A cancelled subscription gives back what it holds at once: its owner has decided so. */
const closeTimeoutMs = 50;

/** A service declares the exchange, its own queue and its own bindings: its user needs permission for nothing else. */
export function rascalConfig(urls: readonly string[], topology: Topology, publishTimeoutMs: number): object {
  const { exchange, queue, bindings } = topology;
  return {
    defaults: {
      vhosts: {
        connection: {
          // Connected anew by `rabbit.ts`, which declares everything again.
          retry: false,
          options: { heartbeat: heartbeatSeconds, channelMax: maxChannels },
          // Without noDelay every hop costs 40 ms: Nagle waits for the other side's delayed acknowledgement.
          socketOptions: { noDelay: true, timeout: connectTimeoutMs },
        },
      },
    },
    vhosts: {
      '/': {
        connections: urls.map((url) => ({ url })),
        publicationChannelPools: { confirmPool: { max: maxPublishingChannels, min: 1 } },
        exchanges: { [exchange]: { type: 'topic', options: { durable: true } } },
        queues: {
          [queue]: {
            options: {
              durable: true,
              arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit },
            },
          },
        },
        bindings: Object.fromEntries(
          bindings.map((type) => [type, { source: exchange, destination: queue, bindingKey: type }]),
        ),
        publications: {
          packets: { exchange, confirm: true, timeout: publishTimeoutMs, options: { persistent: true } },
        },
        subscriptions: {
          own: {
            queue,
            retry: false,
            closeTimeout: closeTimeoutMs,
            redeliveries: { limit: Number.MAX_SAFE_INTEGER },
          },
        },
      },
    },
  };
}
