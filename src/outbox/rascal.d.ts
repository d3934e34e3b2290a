/** rascal ships no types: these are the few calls and events that `rabbit.ts` uses, as rascal 21 has them. */
declare module 'rascal' {
  import type { EventEmitter } from 'node:events';

  export interface ReceivedMessage {
    readonly content: Buffer;
    readonly fields: { readonly redelivered: boolean };
    readonly properties: { readonly contentType?: string };
  }

  type Done = (error?: Error | null) => void;

  export interface AckOrNack {
    (done: Done): void;
    (error: Error, recovery: { strategy: 'nack'; requeue: boolean }, done: Done): void;
  }

  /** Events: `success`, `return`, `error`, `close`, `paused`. */
  export interface PublicationSession extends EventEmitter {
    /** Not sent if it has not been yet. */
    abort(): void;
  }

  /** amqplib's, as it hands out messages; null: the broker has cancelled the subscription. */
  interface Channel {
    readonly consumers: Map<string, (message: { properties: { headers?: object } } | null) => void>;
  }

  /** Events: `message`, `invalid_content`, `redeliveries_error`, `redeliveries_exceeded`, `error`, `cancelled`, `close`. */
  export interface SubscriberSession extends EventEmitter {
    cancel(done: Done): void;
    /** Called when the broker has agreed to the subscription, before its first message. */
    _open(channel: Channel, consumerTag: string, next: Done): void;
  }

  /** Events: `error`, `disconnect`, `blocked`, `unblocked`. */
  export interface BrokerInstance extends EventEmitter {
    publish(
      name: string,
      body: Buffer,
      overrides: { routingKey: string; options: { mandatory: boolean; contentType: string } },
      next: (error: Error | null, session: PublicationSession) => void,
    ): void;
    subscribe(
      name: string,
      overrides: { prefetch: number },
      next: (error: Error | null, session: SubscriberSession) => void,
    ): void;
    shutdown(done: Done): void;
  }

  const rascal: {
    Broker: { create(config: object, next: (error: Error | null, broker?: BrokerInstance) => void): void };
  };
  export default rascal;
}
