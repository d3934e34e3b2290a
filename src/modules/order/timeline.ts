/**
 * An order's journey as it was: what happened, and every message that travelled for it, from Order's own history alone. A reply says
 * when its command was sent, received and handled: nobody else's database is asked.
 */
import type { StoredStep } from './store.ts';

/** Something that happened to the order. */
export interface TimelineStep {
  readonly seq: number;
  readonly at: Date;
  /** `place`, the type of a reply, `cancel`, `deadline`, `gave_up`. */
  readonly event: string;
  /** False: it came late or twice, and nothing followed. */
  readonly heeded: boolean;
  /** Where the saga stood then, and what the customer was told. */
  readonly step: string;
  readonly status: string;
  /** The message that it was; null for what people and time start. */
  readonly messageId: string | null;
}

/** A message on its way from one module to another. Each module has told its own times; what nobody has told yet is null. */
export interface Hop {
  readonly id: string;
  readonly type: string;
  /** Who wrote it. */
  readonly module: string;
  /** Who handles it; null: news, for whoever subscribes. */
  readonly receiver: string | null;
  /** Committed to the outbox. */
  readonly written: Date;
  /** Handed to the broker, the last time. */
  readonly sent: Date | null;
  readonly received: Date | null;
  /** What it asked for has been done. */
  readonly handled: Date | null;
  /** How often it was handed to the broker. */
  readonly attempts: number | null;
  /** The message that it follows from; null: a person or a deadline. */
  readonly causationId: string | null;
}

export interface Timeline {
  readonly orderId: string;
  readonly steps: readonly TimelineStep[];
  /** What causes comes before what it causes: the modules' clocks may differ. */
  readonly hops: readonly Hop[];
}

export function timelineOf(orderId: string, history: readonly StoredStep[]): Timeline {
  const hops = new Map<string, Hop>();
  const answers = answersOf(history);
  for (const { at, cause, sent } of history) {
    if (cause && !hops.has(cause.id))
      hops.set(cause.id, {
        id: cause.id,
        type: cause.type,
        module: cause.source.replace(/^\//, ''),
        receiver: 'order',
        written: new Date(cause.time),
        sent: moment(cause.senttime),
        received: moment(cause.receivedtime),
        handled: at,
        attempts: cause.attempt ?? null,
        causationId: cause.causationid ?? null,
      });
    for (const { id, type } of sent) {
      const answer = answers.get(id);
      hops.set(id, {
        id,
        type,
        module: 'order',
        receiver: type.startsWith('order.') ? null : (type.split('.')[0] ?? null),
        written: at,
        sent: moment(answer?.commandsent),
        received: moment(answer?.commandreceived),
        handled: moment(answer?.commandhandled),
        attempts: answer?.commandattempt ?? null,
        causationId: cause?.id ?? null,
      });
    }
  }
  return {
    orderId,
    steps: history.map(({ cause, sent: _, ...step }) => ({ ...step, messageId: cause?.id ?? null })),
    hops: [...hops.values()],
  };
}

/** The first answer to each command, by the command's id. */
function answersOf(history: readonly StoredStep[]) {
  const answers = new Map<string, NonNullable<StoredStep['cause']>>();
  for (const { cause } of history)
    if (cause?.causationid && !answers.has(cause.causationid)) answers.set(cause.causationid, cause);
  return answers;
}

const moment = (time: string | undefined) => (time === undefined ? null : new Date(time));
