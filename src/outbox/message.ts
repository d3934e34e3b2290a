/**
 * The envelope: CloudEvents 1.0 in its JSON format (https://github.com/cloudevents/spec, v1.0.2), one event or a batch.
 * Attribute names are lower case and without separators because the specification asks for it.
 */
import * as v from 'valibot';
import { newId } from './id.ts';

export const singleType = 'application/cloudevents+json';
export const batchType = 'application/cloudevents-batch+json';

// What an attribute means is told to readers here and of documents that are made from this. In one pipe: two would cost a sixth more.

/** RFC 3339, as `2026-03-01T12:00:00.000Z`. */
const time = (meaning: string) => v.pipe(v.string(), v.isoTimestamp(), v.description(meaning));
/** Without control characters and half surrogate pairs: PostgreSQL keeps neither in a `jsonb`, where causes lie. */
const text = (meaning: string) =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(500),
    v.regex(/^[^\p{Cc}\p{Cs}]*$/u),
    v.description(meaning),
  );
/** JSON's `1e999` is Infinity, which no JSON can tell any more. */
const attempt = (meaning: string) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.description(meaning));

export const Envelope = v.object({
  specversion: v.literal('1.0'),
  id: v.pipe(
    v.string(),
    v.uuid(),
    v.toLowerCase(),
    v.description('UUIDv7: its time is when the message was written, and the inbox is partitioned by it.'),
  ),
  source: text('Who wrote it, as `/order`.'),
  type: text('What it says, as `stock.reserve`; also the routing key. A breaking change is a new type.'),
  subject: text(
    'Whom it is about: messages of one subject are handled in the order of their arrival within a batch.',
  ),
  time: time('When it was written.'),
  data: v.unknown(),
  correlationid: v.optional(text('What the whole conversation is about; the subject.')),
  causationid: v.optional(text('The message that provoked this one.')),
  traceparent: v.optional(text('W3C Trace Context.')),
  tracestate: v.optional(text('W3C Trace Context.')),
  senttime: v.optional(time('When it was handed to the broker; stamped on sending.')),
  attempt: v.optional(attempt('At which attempt that was.')),
  commandsent: v.optional(time('On a reply: when its command was sent.')),
  commandreceived: v.optional(time('On a reply: when its command was received.')),
  commandhandled: v.optional(time('On a reply: when its command was handled.')),
  commandattempt: v.optional(attempt('On a reply: at which attempt its command was sent.')),
});

/** A message as it is stored and sent; the attributes are told at the schema. */
export type Message = Readonly<v.InferOutput<typeof Envelope>> & {
  /** When it arrived; stamped by the receiver, never on the wire. */
  readonly receivedtime?: string;
};

/** What is worth keeping of a message that provokes others, also when they are written much later. */
export type Cause = Pick<
  Message,
  'id' | 'traceparent' | 'tracestate' | 'senttime' | 'receivedtime' | 'attempt'
>;

/** What a module says; everything else in the envelope is filled in by the unit of work. */
export interface Draft {
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  /** The message this one follows from. */
  readonly causedBy?: Cause | undefined;
  /** True: it answers the command `causedBy` and carries that command's times. */
  readonly reply?: boolean;
}

/** Completes a draft: a new id, the source, the time, and what it inherits from its cause. */
export function compose(draft: Draft, source: string, now: Date): Message {
  const { type, subject, data, causedBy, reply } = draft;
  const time = now.toISOString();
  const message: Composing = {
    specversion: '1.0',
    id: newId(),
    source,
    type,
    subject,
    time,
    data,
    correlationid: subject,
  };
  if (!causedBy) return message;
  message.causationid = causedBy.id;
  if (causedBy.traceparent) message.traceparent = causedBy.traceparent;
  if (causedBy.tracestate) message.tracestate = causedBy.tracestate;
  if (!reply) return message;
  message.commandhandled = time;
  if (causedBy.senttime) message.commandsent = causedBy.senttime;
  if (causedBy.receivedtime) message.commandreceived = causedBy.receivedtime;
  if (causedBy.attempt) message.commandattempt = causedBy.attempt;
  return message;
}

type Composing = { -readonly [Attribute in keyof Message]: Message[Attribute] };

/** What a later message needs of the one that provokes it. */
export function causeOf({ id, traceparent, tracestate, senttime, receivedtime, attempt }: Message): Cause {
  return {
    id,
    ...(traceparent && { traceparent }),
    ...(tracestate && { tracestate }),
    ...(senttime && { senttime }),
    ...(receivedtime && { receivedtime }),
    ...(attempt && { attempt }),
  };
}

/** A message's JSON with the attributes that only the sender can know: when (RFC 3339), and for which time. */
export function stamp(json: string, senttime: string, attempt: number): string {
  return `${json.slice(0, -1)},"senttime":"${senttime}","attempt":${attempt}}`;
}

/** Packs messages (each as JSON) for the wire: one travels alone, several as a batch. */
export function encode(messages: readonly string[]): { contentType: string; body: Buffer } {
  const [first] = messages;
  if (first !== undefined && messages.length === 1)
    return { contentType: singleType, body: Buffer.from(first) };
  return { contentType: batchType, body: Buffer.from(`[${messages.join(',')}]`) };
}

/** One entry of what arrived: a message, or what came in its place and why it is none. */
export type Decoded = { readonly message: Message } | { readonly content: unknown; readonly fault: string };

/** Far deeper than any message; JSON.stringify and PostgreSQL give up at some thousands, and then it could not even be parked. */
const maxDepth = 64;

/** Unpacks what came over the wire. Never throws: what is no CloudEvent comes back with its fault, its neighbours unharmed. */
export function decode(body: Buffer, receivedAt: Date): readonly Decoded[] {
  let content: unknown;
  try {
    content = JSON.parse(body.toString('utf8'));
  } catch {
    return [{ content: body.toString('utf8'), fault: 'not JSON' }];
  }
  const receivedtime = receivedAt.toISOString();
  return (Array.isArray(content) ? content : [content]).map((entry: unknown) => {
    if (!isWithin(maxDepth, entry))
      return { content: cut(maxDepth, entry), fault: `nested more than ${maxDepth} deep` };
    const parsed = v.safeParse(Envelope, entry);
    // Added to what the schema has just made: a copy of so many attributes costs as much as to parse them, 1.1 µs.
    return parsed.success
      ? { message: Object.assign(parsed.output, { receivedtime }) }
      : { content: entry, fault: `no CloudEvent: ${faultsOf(parsed.issues)}` };
  });
}

/** True if nothing in it lies deeper than `depth`. */
function isWithin(depth: number, content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return true;
  if (depth === 0) return false;
  // No list of what is in it is made: every message comes through here. What JSON.parse has made inherits nothing that could be met.
  for (const key in content)
    if (!isWithin(depth - 1, (content as Record<string, unknown>)[key])) return false;
  return true;
}

/** The same without what lies deeper than `depth`. */
function cut(depth: number, content: unknown): unknown {
  if (isWithin(depth, content)) return content;
  if (depth === 0) return 'too deep to be kept';
  if (Array.isArray(content)) return content.map((inner) => cut(depth - 1, inner));
  return Object.fromEntries(
    Object.entries(Object(content)).map(([key, inner]) => [key, cut(depth - 1, inner)]),
  );
}

/** The faults of a value in one line, by path; never the value itself, which may be a secret. */
export function faultsOf(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 5)
    .map((issue) => `${v.getDotPath(issue) ?? 'message'} should be ${issue.expected ?? 'otherwise'}`)
    .join('; ');
}
