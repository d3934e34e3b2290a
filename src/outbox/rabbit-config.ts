/** The topology in rascal's words. A service declares the exchange, its own queue and its own bindings: its user needs no more. */
import type { Topology } from './broker.ts';

/** Publishing, subscribing and declaring stay far below it. */
const maxChannels = 200;
/** RabbitMQ 4 would drop a message after 20 deliveries; what cannot be handled is parked by the library, not by the broker. */
const deliveryLimit = 1_000_000;
/** A silent connection is dead after two to three of these. A URL may say another: `?heartbeat=5`. */
const heartbeatSeconds = 10;
/** For a node that takes a connection and then says nothing, too: the next one is tried. */
const connectTimeoutMs = 5_000;

/** rascal's name for the one virtual host that it is told of: the one of the URL. */
export const vhost = '/';

/** For the link that publishes. */
export const publishingConfig = (urls: readonly string[], { exchange }: Topology, signal: AbortSignal) =>
  config(urls, signal, { exchanges: exchangesOf(exchange) });

/** For the link that consumes. */
export const declaringConfig = (
  urls: readonly string[],
  { exchange, queue, bindings }: Topology,
  signal: AbortSignal,
) =>
  config(urls, signal, {
    exchanges: exchangesOf(exchange),
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
  });

const exchangesOf = (exchange: string) => ({ [exchange]: { type: 'topic', options: { durable: true } } });

/** Of several nodes rascal tries each, in an order by chance, until one answers. */
function config(urls: readonly string[], signal: AbortSignal, topology: object): object {
  const connection = {
    // Connected anew by `rabbit-link.ts`, which declares everything again.
    retry: false,
    options: { heartbeat: heartbeatSeconds, channelMax: maxChannels },
    // Without noDelay every hop costs 40 ms: Nagle waits for the other side's delayed acknowledgement.
    socketOptions: { noDelay: true, timeout: connectTimeoutMs, signal },
  };
  return {
    defaults: { vhosts: { connection } },
    vhosts: { [vhost]: { connections: urls.map((url) => ({ url })), ...topology } },
  };
}
