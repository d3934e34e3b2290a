/** The topology in rascal's words. A service declares the exchange, its own queue and its own bindings: its user needs no more. */
import { declared, publishTimeoutMs, type Topology } from './broker.ts';

/** One more than the dispatcher has in flight would do; some are being replaced after an error. */
const maxPublishingChannels = 60;
/** Publishing, subscribing and declaring stay far below it. */
const maxChannels = 200;
/** A silent connection is dead after two to three of these. A URL may say another: `?heartbeat=5`. */
const heartbeatSeconds = 10;
/** For a node that takes a connection and then says nothing, too: the next one is tried. */
const connectTimeoutMs = 5_000;

/** rascal's name for the one virtual host that it is told of: the one of the URL. */
export const vhost = '/';

/** For the link that publishes. */
export const publishingConfig = (urls: readonly string[], { exchange }: Topology, signal: AbortSignal) =>
  config(urls, signal, {
    exchanges: exchangesOf(exchange),
    publicationChannelPools: { confirmPool: { max: maxPublishingChannels, min: 1 } },
    publications: {
      packets: { exchange, confirm: true, timeout: publishTimeoutMs, options: declared.message },
    },
  });

/** For the link that consumes. */
export const declaringConfig = (
  urls: readonly string[],
  { exchange, queue, bindings }: Topology,
  signal: AbortSignal,
) =>
  config(urls, signal, {
    exchanges: exchangesOf(exchange),
    queues: { [queue]: { options: declared.queue } },
    bindings: Object.fromEntries(
      bindings.map((type) => [type, { source: exchange, destination: queue, bindingKey: type }]),
    ),
  });

function exchangesOf(exchange: string) {
  const { type, ...options } = declared.exchange;
  return { [exchange]: { type, options } };
}

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
