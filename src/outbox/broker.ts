/** The port to a message broker: what the library needs of one, and nothing more. `rabbit.ts` is its RabbitMQ side. */

/** One service's part of the topology. It declares the exchange, its own queue and its own bindings, nothing else. */
export interface Topology {
  /** A topic exchange, durable. */
  readonly exchange: string;
  /** The service's own queue: durable, replicated where the broker can. */
  readonly queue: string;
  /** The message types that the queue receives. */
  readonly bindings: readonly string[];
}

/** RabbitMQ 4 would drop a message after 20 deliveries; what cannot be handled is parked by the library, not by the broker. */
const deliveryLimit = 1_000_000;

/** How a broker that outlives its clients is to declare a topology, and to keep what is published. */
export const declared = {
  exchange: { type: 'topic', durable: true },
  queue: {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit },
  },
  message: { persistent: true },
} as const;

/** What travels as one unit: one message or a batch of messages of one type. */
export interface Packet {
  readonly routingKey: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** True: a packet that no queue takes is refused (`PublishRefused`). False: news, nobody need listen. */
  readonly mandatory: boolean;
}

/** A packet that has arrived. Exactly one of `acknowledge` and `requeue` is called, once; after a connection loss both do nothing. */
export interface Delivery {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** True if it was delivered before and not acknowledged. */
  readonly redelivered: boolean;
  readonly receivedAt: Date;
  acknowledge(): void;
  requeue(): void;
}

export interface Subscription {
  /** Stops deliveries. What is not acknowledged yet goes back to the queue. */
  cancel(): Promise<void>;
}

/** How long a publish may take, in milliseconds: after that its outcome is unknown. */
export const publishTimeoutMs = 5_000;

export interface Broker {
  /** False while the broker is away, blocked or not connected yet: publish nothing then. */
  readonly ready: boolean;
  /** Calls `listener` each time the broker becomes ready (at once if it is); returns how to stop that. */
  onReady(listener: () => void): () => void;
  /**
   * Resolves when the broker has confirmed the packet (and, if mandatory, has put it into a queue).
   * Throws `PublishRefused` if the broker said no, `BrokerAway` if it did not answer: the packet may or may not have arrived.
   */
  publish(packet: Packet): Promise<void>;
  /** Takes from the service's own queue until cancelled, through every loss of the connection. `prefetch`: unacknowledged packets at most. */
  subscribe(options: { readonly prefetch: number }, onDelivery: (delivery: Delivery) => void): Subscription;
  /** Sends what is in flight and closes; bounded to a few seconds. */
  close(): Promise<void>;
}

/** Connects in the background, for ever, and declares the topology on every connection. */
export type ConnectBroker = (topology: Topology) => Broker;

/** The broker answered, and the answer is no: a negative acknowledgement, or no queue takes the type. */
export class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
}

/** The broker did not answer: not connected, closed meanwhile, or silent for too long. */
export class BrokerAway extends Error {
  override readonly name = 'BrokerAway';
}
