/** The unit of work: state and messages in one transaction, handed to the dispatcher after the commit. */
import type { Dispatcher } from './dispatcher.ts';
import { compose, type Draft, type Message } from './message.ts';
import type { Database, Sql, Statement } from './transaction.ts';

/** What a piece of work has in hand while its transaction is open. */
export interface Unit {
  readonly sql: Sql;
  /** Says something, if and when the transaction commits. Returns the message that will be sent. */
  send(draft: Draft): Message;
  /** Calls `listener` after the commit, never after a rollback: to wake a loop. It must not throw. */
  onCommit(listener: () => void): void;
}

export interface UnitOfWork {
  /** Runs `work` in one transaction with the messages it sends. If it throws, neither has happened. */
  run<T>(work: (unit: Unit) => Promise<T>): Promise<T>;
}

/** How long a row belongs to whoever took it, in seconds: twice the time in which a publish is confirmed or given up. */
export const leaseSeconds = 10;

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
  readonly dispatcher: Dispatcher;
}): UnitOfWork {
  const { database, source, dispatcher } = options;
  return {
    async run(work) {
      let rows: readonly OutboxRow[] = [];
      const messages: Message[] = [];
      const listeners: (() => void)[] = [];
      const result = await database.transaction(
        (sql) =>
          work({
            sql,
            send(draft) {
              const message = compose(draft, source, new Date());
              messages.push(message);
              return message;
            },
            onCommit: (listener) => listeners.push(listener),
          }),
        (sql) => {
          rows = messages.map(leasedRow);
          return messages.length > 0 ? [insert(sql, messages, rows)] : [];
        },
      );
      for (const listener of listeners) listener();
      void dispatcher.dispatch(rows);
      return result;
    },
  };
}

/** A message that is born leased: this process sends it right after the commit, the relay looks away meanwhile. */
function leasedRow(message: Message): OutboxRow {
  return {
    id: message.id,
    type: message.type,
    json: JSON.stringify(message),
    attempts: 0,
    // Taken before the row's own lease begins, so that this process always gives up first.
    leasedUntilMs: performance.now() + leaseSeconds * 1_000,
  };
}

function insert(sql: Sql, messages: readonly Message[], rows: readonly OutboxRow[]): Statement {
  return sql`
    insert into outbox (id, type, subject, message, leased_until)
    select id, type, subject, message::json, clock_timestamp() + make_interval(secs => ${leaseSeconds})
    from unnest(
      ${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ type }) => type)}::text[],
      ${messages.map(({ subject }) => subject)}::text[], ${rows.map(({ json }) => json)}::text[]
    ) as message (id, type, subject, message)`;
}

/**
 * Takes up to `limit` rows that nobody is sending, oldest lease first, and leases them to this process. By `ctid`, which a locked
 * row keeps: a plan that needs no statistics, which a table that is mostly empty never has.
 */
export async function claim(database: Database, limit: number): Promise<readonly OutboxRow[]> {
  const leasedUntilMs = performance.now() + leaseSeconds * 1_000;
  const rows = await database.transaction(
    (sql) => sql<{ id: string; type: string; json: string; attempts: number }[]>`
      update outbox set leased_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
      where ctid = any(array(
        select ctid from outbox where leased_until <= clock_timestamp()
        order by leased_until limit ${limit} for update skip locked
      ))
      returning id, type, message::text as json, attempts`,
  );
  return rows.map((row) => ({ ...row, leasedUntilMs }));
}

/** Forgets rows that the broker has confirmed. In id order, so that two who delete never wait for each other in a circle. */
export async function deleteSent(database: Database, ids: readonly string[]): Promise<void> {
  await database.query((sql) => sql`delete from outbox where id = any(${[...ids].sort()}::uuid[])`);
}

/** Counts a refusal and offers the rows again in `inSeconds`. */
export async function countRefusal(
  database: Database,
  refusal: { readonly ids: readonly string[]; readonly error: string; readonly inSeconds: number },
): Promise<void> {
  await database.query(
    (sql) => sql`
      update outbox set attempts = attempts + 1, last_error = ${refusal.error},
        leased_until = clock_timestamp() + make_interval(secs => ${refusal.inSeconds})
      where id = any(${[...refusal.ids].sort()}::uuid[])`,
  );
}

/** Which of these messages have not left yet: while its command waits here, nobody can have missed its answer. */
export async function unsent(sql: Sql, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await sql<{ id: string }[]>`select id from outbox where id = any(${[...ids]}::uuid[])`;
  return new Set(rows.map(({ id }) => id));
}
