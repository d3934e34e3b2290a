/**
 * The envelope: CloudEvents 1.0 in its JSON format (https://github.com/cloudevents/spec, v1.0.2), one event or a batch.
 * Attribute names are lower case and without separators because the specification asks for it.
 */
import { v7 as uuidv7 } from 'uuid';
import * as v from 'valibot';

/** A message as it is stored and sent. Times are RFC 3339 in UTC. */
export interface Message {
  /** UUIDv7: its time is when the message was written, and the inbox is partitioned by it. */
  readonly id: string;
  /** Who wrote it, as `/order`. */
  readonly source: string;
  /** What it says, as `stock.reserve`; also the routing key. A breaking change is a new type. */
  readonly type: string;
  /** Whom it is about: messages of one subject are handled in the order of their arrival within a batch. */
  readonly subject: string;
  readonly time: string;
  readonly data: unknown;
  /** What the whole conversation is about; the subject unless said otherwise. */
  readonly correlationid: string;
  /** The message that provoked this one. */
  readonly causationid?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** When it was handed to the broker, and at which attempt; stamped on sending. */
  readonly senttime?: string;
  readonly attempt?: number;
  /** When it arrived; stamped by the receiver, never on the wire. */
  readonly receivedtime?: string;
  /** On a reply: when its command was sent, received and handled, and at which attempt. */
  readonly commandsent?: string;
  readonly commandreceived?: string;
  readonly commandhandled?: string;
  readonly commandattempt?: number;
}

/** What a module says; everything else in the envelope is filled in by the unit of work. */
export interface Draft {
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  /** The message this one answers or follows from. */
  readonly causedBy?: Message;
}
