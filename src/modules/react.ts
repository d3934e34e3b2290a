/** How a module reacts to a set of messages: load the states once, fold the pure heart over the messages, save once. */
import {
  DeadMessage,
  DeadMessages,
  type Draft,
  type Message,
  type Sql,
  type Statement,
  type Unit,
} from '../outbox/index.ts';

/** What a decision may use besides the state: the moment, and a mouth. */
export interface Reaction {
  readonly now: Date;
  /** Says something that follows from the message in hand. Returns what will be sent. */
  send(draft: Omit<Draft, 'causedBy'>): Message;
}

interface Reacting<World, Incoming extends Message> {
  /** Reads and locks what the messages are about, in the house's one order of locks. */
  load(sql: Sql, messages: readonly Incoming[]): Promise<World>;
  /** Applies one message to the world. No input and no output but `reaction`. Throws `DeadMessage` before it has changed anything. */
  decide(world: World, message: Incoming, reaction: Reaction): void;
  /** What writes down what has changed: statements that travel with the commit. */
  save(sql: Sql, world: World, unit: Unit): readonly Statement[];
}

/** Makes a handler of the three. `Incoming` is what the module's schemas have let in. */
export function react<World, Incoming extends Message>(parts: Reacting<World, Incoming>) {
  return async (unit: Unit, messages: readonly Message[]): Promise<void> => {
    const incoming = messages as readonly Incoming[];
    const world = await parts.load(unit.sql, incoming);
    const now = new Date();
    const dead = new Map<string, DeadMessage>();
    for (const message of incoming)
      try {
        parts.decide(world, message, { now, send: (draft) => unit.send({ ...draft, causedBy: message }) });
      } catch (error) {
        if (!(error instanceof DeadMessage) || incoming.length === 1) throw error;
        // The others are looked at too: all that are dead are told at once, and nothing of this is saved.
        dead.set(message.id, error);
      }
    if (dead.size > 0) throw new DeadMessages(dead);
    unit.write(...parts.save(unit.sql, world, unit));
  };
}
