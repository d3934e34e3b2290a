/** Handles a batch of messages once, in one transaction; takes it apart when one of them is guilty. */
import * as v from 'valibot';
import type { Failures } from './failures.ts';
import { DeadMessage, isEnvironmental } from './faults.ts';
import { type Decoded, faultsOf, type Message } from './message.ts';
import type { Unit, UnitOfWork } from './outbox.ts';
import { placeOfId } from './retention.ts';
import type { Sql } from './transaction.ts';

/** The message types that a service takes, each with the schema of `{subject, data}`. */
export type Handles = Readonly<Record<string, v.GenericSchema>>;

/** What a catalogue of schemas lets in: a union that `type` tells apart. */
export type Incoming<Catalogue extends Handles> = {
  [Type in keyof Catalogue]: Message & { readonly type: Type } & v.InferOutput<Catalogue[Type]>;
}[keyof Catalogue];

/** Does what a set of messages asks for: state through `unit.sql`, answers through `unit.send`. All or nothing. */
export type Handle = (unit: Unit, messages: readonly Message[]) => Promise<void>;

export interface Inbox {
  /**
   * Sees to it that every message of the batch has had its effect, had it before, or is parked. Throws only what is the
   * environment's fault: the whole batch may then be offered again.
   */
  receive(batch: readonly Decoded[]): Promise<void>;
}

export function createInbox(options: {
  readonly unit: UnitOfWork;
  readonly handles: Handles;
  readonly handle: Handle;
  readonly failures: Failures;
}): Inbox {
  const { unit, handles, handle, failures } = options;

  const handleOnce = (messages: readonly Message[]) =>
    unit.run(async (open) => {
      const fresh = await takeIn(open.sql, messages, new Date());
      if (fresh.length > 0) await handle(open, fresh);
    });

  async function handleOrTakeApart(messages: readonly Message[]): Promise<void> {
    try {
      await handleOnce(messages);
    } catch (error) {
      if (isEnvironmental(error)) throw error;
      const [message] = messages;
      if (message && messages.length === 1) await failures.park({ content: message, error });
      else for (const one of messages) await handleOrTakeApart([one]);
    }
  }

  return {
    async receive(batch) {
      const messages = new Map<string, Message>();
      for (const entry of batch) {
        const { message, fault } = admit(entry, handles, new Date());
        if (message) messages.set(message.id, messages.get(message.id) ?? message);
        else await failures.park({ content: contentOf(entry), error: new DeadMessage(fault) });
      }
      if (messages.size > 0) await handleOrTakeApart([...messages.values()]);
    },
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

/**
 * Writes the ids into the inbox and returns the messages that were not there yet. A parked message is not among them: its
 * retry has it in hand. The ids go in sorted, so that two batches with common messages cannot wait for each other in a circle.
 */
export async function takeIn(sql: Sql, messages: readonly Message[], now: Date): Promise<readonly Message[]> {
  const rows = await sql<{ id: string }[]>`
    insert into inbox (id)
    select id from unnest(${idsIn('inbox', messages, now)}::uuid[]) as arrived (id)
    where not exists (select from inbox_failures where inbox_failures.id = arrived.id)
    order by id
    on conflict do nothing returning id`;
  const fresh = new Set(rows.map(({ id }) => id));
  for (const id of await notParked(sql, idsIn('old', messages, now))) fresh.add(id);
  return messages.filter(({ id }) => fresh.has(id));
}

/** Older than the oldest partition: nobody remembers whether they were handled; handlers are idempotent by subject. */
async function notParked(sql: Sql, oldIds: readonly string[]): Promise<readonly string[]> {
  if (oldIds.length === 0) return [];
  const rows = await sql<
    { id: string }[]
  >`select id from inbox_failures where id = any(${[...oldIds]}::uuid[])`;
  return oldIds.filter((id) => !rows.some((row) => row.id === id));
}

function idsIn(place: 'inbox' | 'old', messages: readonly Message[], now: Date): string[] {
  return messages.map(({ id }) => id).filter((id) => placeOfId(id, now) === place);
}
