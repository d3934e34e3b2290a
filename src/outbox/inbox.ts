/** Handles a batch of messages once, in one transaction; takes it apart when one of them is guilty. */
import * as v from 'valibot';
import type { Failure, Failures } from './failures.ts';
import { DeadMessage, DeadMessages, isEnvironmental, isOvertaken } from './faults.ts';
import { type Decoded, faultsOf, type Message } from './message.ts';
import type { Observer } from './observe.ts';
import type { Unit, UnitOfWork } from './outbox.ts';
import { createPoisonGuard } from './poison.ts';
import { placeOfId } from './retention.ts';
import { type MessageStore, messageStore } from './store.ts';
import type { Database, Sql } from './transaction.ts';

/** The message types that a service takes, each with the schema of `{subject, data}`. */
export type Handles = Readonly<Record<string, v.GenericSchema>>;

/** What a catalogue of schemas lets in: a union that `type` tells apart. */
export type Incoming<Catalogue extends Handles> = {
  [Type in keyof Catalogue]: Message & { readonly type: Type } & v.InferOutput<Catalogue[Type]>;
}[keyof Catalogue];

/** Does what a set of messages asks for: state through `unit.sql`, answers through `unit.send`. All or nothing. */
export type Handle = (unit: Unit, messages: readonly Message[]) => Promise<void>;

/** What arrived. `redelivered`: it was delivered before and not acknowledged, so that it may be what ended the process. */
export type Arrival = Decoded & { readonly redelivered?: boolean };

export interface Inbox {
  /**
   * Sees to it that every message of the batch has had its effect, had it before, or is parked. Throws only what is the
   * environment's fault: the whole batch may then be offered again.
   */
  receive(batch: readonly Arrival[]): Promise<void>;
}

export function createInbox(options: {
  readonly database: Database;
  readonly unit: UnitOfWork;
  readonly handles: Handles;
  readonly handle: Handle;
  readonly failures: Failures;
  readonly observer?: Observer;
  readonly store?: MessageStore;
}): Inbox {
  const { database, unit, handles, handle, failures, observer = {}, store = messageStore } = options;
  const poison = createPoisonGuard({ database, failures, store });

  async function handleOnce(messages: readonly Message[]): Promise<void> {
    const fresh = await unit.run(async (open) => {
      const taken = await takeIn(store, open.sql, messages, new Date());
      if (taken.length > 0) await handle(open, taken);
      return taken;
    });
    const types = fresh.map(({ type }) => type);
    observer.handled?.({ types, duplicates: messages.length - fresh.length });
  }

  /** What somebody else has written first, the second time it is found. A row that is not there cannot be locked. */
  async function handleOnceOrAgain(messages: readonly Message[]): Promise<void> {
    try {
      await handleOnce(messages);
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      await handleOnce(messages);
    }
  }

  async function handleOrTakeApart(messages: readonly Message[]): Promise<void> {
    try {
      await handleOnceOrAgain(messages);
    } catch (error) {
      if (isEnvironmental(error)) throw error;
      const { dead, others } = told(error, messages);
      const [message] = messages;
      if (dead.length > 0) {
        await failures.park(dead);
        if (others.length > 0) await handleOrTakeApart(others);
      } else if (message && messages.length === 1) await failures.park([{ content: message, error }]);
      else {
        // By halves: the few that are guilty cost a few transactions, not one for every neighbour.
        const half = Math.ceil(messages.length / 2);
        await handleOrTakeApart(messages.slice(0, half));
        await handleOrTakeApart(messages.slice(half));
      }
    }
  }

  return {
    async receive(batch) {
      const messages = new Map<string, Message>();
      const suspects: Message[] = [];
      const dead: Failure[] = [];
      for (const entry of batch) {
        const { message, fault } = admit(entry, handles, new Date());
        if (!message) dead.push({ content: contentOf(entry), error: new DeadMessage(fault) });
        else if (!messages.has(message.id)) {
          messages.set(message.id, message);
          if (entry.redelivered) suspects.push(message);
        }
      }
      await failures.park(dead);
      const alone = await poison.startTogether(suspects);
      for (const { id } of alone) messages.delete(id);
      if (messages.size > 0) await handleOrTakeApart([...messages.values()]);
      await poison.survived(suspects.filter(({ id }) => messages.has(id)));
      for (const message of alone) await poison.startAlone(message, () => handleOrTakeApart([message]));
    },
  };
}

/** The messages that a handler has told to be dead, and the others. */
function told(
  error: unknown,
  messages: readonly Message[],
): { readonly dead: readonly Failure[]; readonly others: readonly Message[] } {
  if (!(error instanceof DeadMessages)) return { dead: [], others: messages };
  return {
    dead: messages.flatMap((content) => {
      const why = error.dead.get(content.id);
      return why ? [{ content, error: why }] : [];
    }),
    others: messages.filter(({ id }) => !error.dead.has(id)),
  };
}

/** Lets in what is a message of a known type with valid data and a possible id; says why of all else. */
export function admit(
  entry: Decoded,
  handles: Handles,
  now: Date,
):
  | { readonly message: Message; readonly fault?: undefined }
  | { readonly message?: undefined; readonly fault: string } {
  if ('fault' in entry) return { fault: entry.fault };
  const { message } = entry;
  const schema = Object.hasOwn(handles, message.type) ? handles[message.type] : undefined;
  if (!schema) return { fault: `type ${message.type} is not handled here` };
  if (placeOfId(message.id, now) === 'impossible') return { fault: 'the id is no UUIDv7 of today or before' };
  const parsed = v.safeParse(schema, { subject: message.subject, data: message.data });
  if (!parsed.success) return { fault: `invalid ${message.type}: ${faultsOf(parsed.issues)}` };
  return { message: { ...message, ...(parsed.output as { subject: string; data: unknown }) } };
}

const contentOf = (entry: Decoded): unknown => ('message' in entry ? entry.message : entry.content);

/** Remembers the messages and returns those that were not known yet. A parked one is not among them: its retry has it in hand. */
export async function takeIn(
  store: MessageStore,
  sql: Sql,
  messages: readonly Message[],
  now: Date,
): Promise<readonly Message[]> {
  const old = idsIn('old', messages, now);
  const fresh = new Set(await store.rememberFresh(sql, idsIn('inbox', messages, now)));
  // Older than the oldest partition: nobody remembers whether they were handled; handlers are idempotent by subject.
  const parked = await store.parkedAmong(sql, old);
  for (const id of old) if (!parked.has(id)) fresh.add(id);
  return messages.filter(({ id }) => fresh.has(id));
}

function idsIn(place: 'inbox' | 'old', messages: readonly Message[], now: Date): string[] {
  return messages.map(({ id }) => id).filter((id) => placeOfId(id, now) === place);
}
