/** The unit of work: state and messages in one transaction, handed to the dispatcher after the commit. */
import type { Dispatcher } from './dispatcher.ts';
import { compose, type Draft, type Message } from './message.ts';
import { leaseSeconds, type MessageStore, messageStore } from './store.ts';
import type { Database, Limits, Sql, Statement } from './transaction.ts';

/** What a piece of work has in hand while its transaction is open. */
export interface Unit {
  readonly sql: Sql;
  /** Says something, if and when the transaction commits. Returns the message that will be sent. */
  send(draft: Draft): Message;
  /**
   * Statements, not sent yet, that need no answer: they travel with the messages and the commit, as parts of one statement. None of
   * them sees what another does, and no two may write the same row.
   */
  write(...statements: readonly Statement[]): void;
  /** Calls `listener` after the commit, never after a rollback: to wake a loop. It must not throw. */
  onCommit(listener: () => void): void;
}

export interface UnitOfWork {
  /** Runs `work` in one transaction with the messages it sends. If it throws, neither has happened (see `Database.transaction`). */
  run<T>(work: (unit: Unit) => Promise<T>, limits?: Limits): Promise<T>;
}

/** A row of the outbox in the hands of this process. */
export interface OutboxRow {
  readonly id: string;
  readonly type: string;
  /** The message as JSON. */
  readonly json: string;
  /** How often the broker has refused it. */
  readonly attempts: number;
  /** On this process's monotonic clock, in milliseconds: from then on somebody else may send it. */
  readonly leasedUntilMs: number;
}

export function createUnitOfWork(options: {
  readonly database: Database;
  /** Who speaks, as `/order`. */
  readonly source: string;
  /** The types it may say: another is a fault in the program. Any unless told. */
  readonly says?: readonly string[] | undefined;
  readonly dispatcher: Dispatcher;
  readonly store?: MessageStore;
}): UnitOfWork {
  const { database, source, dispatcher, store = messageStore } = options;
  const says = options.says && new Set(options.says);
  return {
    async run(work, limits) {
      let rows: readonly OutboxRow[] = [];
      const messages: Message[] = [];
      const statements: Statement[] = [];
      const listeners: (() => void)[] = [];
      const result = await database.transaction(
        (sql) =>
          work({
            sql,
            send(draft) {
              if (says && !says.has(draft.type)) throw new Error(`${source} does not say ${draft.type}`);
              const message = compose(draft, source, new Date());
              messages.push(message);
              return message;
            },
            write: (...more) => statements.push(...more),
            onCommit: (listener) => listeners.push(listener),
          }),
        {
          ...limits,
          keepPlans: true,
          last: (sql) => {
            if (messages.length === 0) return statements;
            // Taken before the rows' own lease begins, so that this process always gives up first.
            const leasedUntilMs = leaseFromNow();
            const written = messages.map((message) => ({ message, json: JSON.stringify(message) }));
            // Born leased: this process sends them right after the commit, the relay looks away meanwhile.
            rows = written.map(({ message: { id, type }, json }) => ({
              id,
              type,
              json,
              attempts: 0,
              leasedUntilMs,
            }));
            return [...statements, store.insertMessages(sql, written)];
          },
        },
      );
      for (const listener of listeners) listener();
      void dispatcher.dispatch(rows);
      return result;
    },
  };
}

/** Takes up to `limit` rows that nobody is sending, of the last `lastSeconds` or all (see `Sweep`), and leases them to this process. */
export async function claim(
  database: Database,
  limit: number,
  lastSeconds: number | null,
  store: MessageStore = messageStore,
): Promise<readonly OutboxRow[]> {
  const leasedUntilMs = leaseFromNow();
  const rows = await database.transaction((sql) => store.claimMessages(sql, limit, lastSeconds));
  return rows.map((row) => ({ ...row, leasedUntilMs }));
}

const leaseFromNow = () => performance.now() + leaseSeconds * 1_000;
