/** The socket: what every module hands to main.ts, and what it is given. */
import type { Hono } from 'hono';
import type { Facts, Scope } from '../contracts/facts.ts';
import type {
  Database,
  Handle,
  Handles,
  Loop,
  Migration,
  Observer,
  Sql,
  Topology,
  UnitOfWork,
} from '../outbox/index.ts';

export type ModuleName = 'order' | 'stock' | 'payment';

/** A module as it lies on the shelf: what it needs of a database and a broker, known before either is there. */
export interface Module {
  readonly name: ModuleName;
  /** Its tables; they come after those of the outbox library. */
  readonly migrations: readonly Migration[];
  /** The message types it takes, each with the schema of `{subject, data}`. They are its queue's bindings. */
  readonly handles: Handles;
  /** The message types it says, each with the schema of `{subject, data}`: it cannot say others. */
  readonly says: Handles;
  /** Of these, the types that nobody need listen to. */
  readonly news: readonly string[];
  /** What it knows of itself, all read with `sql`, which sees one moment. Needs nothing but the tables. */
  facts(sql: Sql, scope: Scope): Facts;
  /** Plugs it in. Nothing runs before the clocks are started. */
  open(context: ModuleContext): OpenModule;
}

/** Where all modules say what they say. */
export const exchange = 'order-saga';

/** How its messages name it. */
export const sourceOf = ({ name }: Pick<Module, 'name'>) => `/${name}`;

/** What a module's broker is to declare. */
export const topologyOf = ({ name, handles }: Pick<Module, 'name' | 'handles'>): Topology => ({
  exchange,
  queue: `order-saga.${name}`,
  bindings: Object.keys(handles),
});

/** What a module tells of its work, besides what the library tells of its messages: for metrics and logs. */
export interface ModuleObserver extends Observer {
  /** A customer has been told the outcome; `seconds`: from placing to the outcome. */
  ended?(event: { readonly status: string; readonly seconds: number }): void;
  /** It was tried to tell somebody. `channel`: `webhook`, `email`; `outcome`: `delivered`, `retried`, `failed`, `gone`. */
  attempted?(event: { readonly channel: string; readonly outcome: string }): void;
  /** The card processor was called. `outcome`: `approved`, `declined`, `done`, or `unknown`. */
  called?(event: { readonly operation: string; readonly outcome: string; readonly seconds: number }): void;
}

/** How much is under way in one state, and the age of the oldest, in seconds; 0 if there is none. */
export interface InProgress {
  readonly state: string;
  readonly count: number;
  readonly oldestSeconds: number;
}

export interface ModuleContext {
  readonly database: Database;
  readonly unit: UnitOfWork;
  /** For what an operator may want to read: an event in a few words, and its fields. Never a secret. */
  readonly log: (event: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Told of every failure of a clock, which goes on by itself, and of what is worth counting. */
  readonly observer: ModuleObserver;
  /** Milliseconds that the database may take of a request; the doors' default unless given. Tests give more: a slow machine refuses nobody. */
  readonly budgetMs?: number | undefined;
}

/** A module that is plugged in. */
export interface OpenModule {
  /** What people ask. */
  readonly routes: Hono;
  /** What modules say: handles a set of messages, all of known types and valid, in one transaction. */
  readonly handle: Handle;
  /** What time starts. */
  readonly clocks: readonly Loop[];
  /** What has not come to its end, by every state that it can be in. Costs what is under way, not what there has ever been. */
  inProgress(): Promise<readonly InProgress[]>;
  /** Makes demo content if there is none. */
  seedDemo?(): Promise<void>;
  /** Resolves when it can serve at its best. The start waits for it; it must be a matter of seconds at most. */
  warmUp?(): Promise<void>;
  /** Ends the answers that would go on: the server closes after that. */
  hangUp?(): void;
  /** Ends what the module has under way outside its clocks. */
  close?(): Promise<void>;
}
