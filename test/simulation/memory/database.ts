/**
 * A database in memory, as strict as the real one about what the rules rely on: a transaction happens as a whole or not at all,
 * one after the other; checks and keys hold. It knows no SQL: the memory stores beside it are its statements.
 */
import type { Database, Sql } from '../../../src/outbox/index.ts';
import type { Statement } from '../../../src/outbox/transaction.ts';

/** The rules that a row must keep, by name, as the CHECKs of a migration. */
export type Checks<Row> = Readonly<Record<string, (row: Row) => boolean>>;

/** Rows by their key. A row is never changed: another takes its place. */
export interface Table<Row> {
  get(key: string): Row | undefined;
  has(key: string): boolean;
  values(): Iterable<Row>;
  count(): number;
  /** Adds a row. Throws if the key is taken. */
  insert(key: string, row: Row): void;
  /** Puts a row in the place of another. */
  update(key: string, row: Row): void;
  /** True if there was one. */
  delete(key: string): boolean;
}

/** What a transaction has done to one row; undefined: it was not there, or is not any more. */
export interface Change {
  readonly table: string;
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface Memory extends Database {
  table<Row>(name: string, checks?: Checks<Row>): Table<Row>;
  /** Runs a statement of an open transaction, at once. */
  run<T>(sql: Sql, statement: () => T): Promise<T>;
  /** A statement that is written and not sent. */
  prepare(sql: Sql, statement: () => void): Statement;
  /** Calls `listener` after every commit that has changed something. */
  watch(listener: (changes: readonly Change[]) => void): void;
}

/** A row that breaks a rule of its table. As for SQLSTATE class 23 the message is to blame, not the environment. */
class Broken extends Error {
  override readonly name = 'Broken';
}

/** A row as it was before a write. */
interface Written {
  readonly table: string;
  readonly rows: Map<string, unknown>;
  readonly key: string;
  readonly before: unknown;
}

/** An open transaction. The stores hand it back where they would write SQL with it. */
interface Transaction {
  open: boolean;
  failed: boolean;
}

export function createMemory(): Memory {
  const listeners: ((changes: readonly Change[]) => void)[] = [];
  let written: Written[] = [];
  let turn: Promise<void> = Promise.resolve();

  function table<Row>(name: string, checks: Checks<Row> = {}): Table<Row> {
    const rows = new Map<string, Row>();
    const rules = Object.entries(checks);

    function write(key: string, row: Row | undefined): void {
      written.push({ table: name, rows, key, before: rows.get(key) });
      if (row === undefined) rows.delete(key);
      else rows.set(key, row);
    }

    function checked(row: Row): Row {
      for (const [rule, holds] of rules)
        if (!holds(row)) throw new Broken(`${name}: not ${rule}: ${JSON.stringify(row)}`);
      return row;
    }

    return {
      get: (key) => rows.get(key),
      has: (key) => rows.has(key),
      values: () => rows.values(),
      count: () => rows.size,
      update: (key, row) => write(key, checked(row)),
      insert(key, row) {
        if (rows.has(key)) throw new Broken(`${name}: ${key} is there already`);
        write(key, checked(row));
      },
      delete(key) {
        const there = rows.has(key);
        if (there) write(key, undefined);
        return there;
      },
    };
  }

  /** One transaction after the other: nobody meets a half of another. */
  const transaction: Database['transaction'] = async (work, { last } = {}) => {
    const before = turn;
    let end = () => {};
    turn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    const transaction: Transaction = { open: true, failed: false };
    const sql = sqlOf(transaction);
    try {
      const result = await work(sql);
      for (const statement of last?.(sql) ?? []) await statement.execute();
      if (transaction.failed)
        throw new Error('the transaction was rolled back: one of its statements had failed');
      tell();
      return result;
    } catch (error) {
      for (const { rows, key, before } of written.reverse())
        if (before === undefined) rows.delete(key);
        else rows.set(key, before);
      throw error;
    } finally {
      transaction.open = false;
      written = [];
      end();
    }
  };

  function tell(): void {
    if (listeners.length === 0 || written.length === 0) return;
    const changes = new Map<string, Change>();
    for (const { table, rows, key, before } of written) {
      const row = `${table} ${key}`;
      if (!changes.has(row)) changes.set(row, { table, key, before, after: rows.get(key) });
    }
    const lasting = [...changes.values()].filter(({ before, after }) => before !== after);
    for (const listener of listeners) listener(lasting);
  }

  async function run<T>(sql: Sql, statement: () => T): Promise<T> {
    const transaction = transactionOf(sql);
    if (!transaction.open) throw new Error('the transaction is over');
    try {
      return statement();
    } catch (error) {
      transaction.failed = true;
      throw error;
    }
  }

  return {
    table,
    run,
    prepare: (sql, statement) => statementOf(() => run(sql, statement)),
    watch: (listener) => listeners.push(listener),
    query: transaction,
    transaction,
    write: (statements, limits) => transaction(async () => {}, { ...limits, last: statements }),
    connections: () => ({ open: 1, idle: 1, waiting: 0 }),
    close: () => turn,
  };
}

/** The only casts: to whom it is handed, a transaction is what SQL is written with, and a closure is a statement. */
const sqlOf = (transaction: Transaction) => transaction as unknown as Sql;
const transactionOf = (sql: Sql) => sql as unknown as Transaction;
const statementOf = (execute: () => Promise<void>) => ({ execute }) as unknown as Statement;

/** The moment, in milliseconds. Within a transaction no time passes. */
export const moment = () => Date.now() + passedMs;
/** Of its own clock: a `Date` that is ahead would be remembered by everything that never goes back, ids among it. */
let passedMs = 0;
export function letPass(ms: number): void {
  passedMs += ms;
}
/** The moment in so many seconds; null for none. */
export const inSeconds = <Wait extends number | null>(seconds: Wait) =>
  (seconds === null ? null : moment() + seconds * 1_000) as Wait extends null ? null : number;

/** The first `limit` of the rows for which `dueAt` has come, the longest overdue first. */
export function overdue<Row>(
  rows: Iterable<Row>,
  dueAt: (row: Row) => number | null,
  limit: number,
): readonly Row[] {
  const now = moment();
  const due: { row: Row; at: number }[] = [];
  for (const row of rows) {
    const at = dueAt(row);
    if (at !== null && at <= now) due.push({ row, at });
  }
  return due
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ row }) => row);
}
