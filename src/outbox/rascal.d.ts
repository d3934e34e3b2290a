/** rascal ships no types: these are the few calls and events that `rabbit-*.ts` use, as rascal 21 has them. */
declare module 'rascal' {
  import type { EventEmitter } from 'node:events';

  type Done<T = void> = (error: Error | null, answer: T) => void;

  /** Events: `success`, `return`, `error`, `close`, `paused`. */
  export interface PublicationSession extends EventEmitter {
    /** Not sent if it has not been yet. */
    abort(): void;
  }

  /** Events: `error`, `disconnect`, `blocked`, `unblocked`. */
  export interface BrokerInstance extends EventEmitter {
    /** Does nothing, so that the process does not end. */
    readonly keepActive?: NodeJS.Timeout;
    publish(
      name: string,
      body: Buffer,
      overrides: { routingKey: string; options: { mandatory: boolean; contentType: string } },
      next: (error: Error | null, session: PublicationSession) => void,
    ): void;
    /** A connection of amqplib's, beside rascal's own. */
    connect(vhost: string, next: Done<Connection>): void;
    shutdown(done: (error?: Error | null) => void): void;
  }

  /** amqplib's, with its callbacks. Events: `error`, `close`. */
  export interface Connection extends EventEmitter {
    createChannel(next: Done<Channel>): void;
    close(done: () => void): void;
  }

  /** amqplib's. Events: `error`, `close`. On one that is closed every call throws. */
  export interface Channel extends EventEmitter {
    bindQueue(queue: string, exchange: string, pattern: string, args: object, next: Done<unknown>): void;
    prefetch(count: number, ofChannel: boolean, next: Done<unknown>): void;
    /** Null: the broker has cancelled the subscription. */
    consume(
      queue: string,
      onMessage: (message: ReceivedMessage | null) => void,
      options: object,
      next: Done<unknown>,
    ): void;
    ack(message: ReceivedMessage): void;
    nack(message: ReceivedMessage, allUpTo: boolean, requeue: boolean): void;
    close(done: () => void): void;
  }

  export interface ReceivedMessage {
    readonly content: Buffer;
    readonly fields: { readonly redelivered: boolean };
    readonly properties: { readonly contentType?: string };
  }

  const rascal: {
    Broker: { create(config: object, next: (error: Error | null, broker?: BrokerInstance) => void): void };
  };
  export default rascal;
}
