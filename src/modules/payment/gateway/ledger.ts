/** The simulated card processor's own books: what it was asked, and whether money has moved. */
import type { BooksFact, Scope } from '../../../contracts/facts.ts';
import { type Database, gather, portions, type Sql } from '../../../outbox/index.ts';
import { ofOrders } from '../../facts.ts';
import { type Operation, operations } from '../payment.ts';

/** A call, as it is written down. */
export interface Entry {
  readonly key: string;
  readonly operation: Operation;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly declineCode: string | null;
  /** How often it pretends to be unavailable before it does what it is asked. */
  readonly failures: number;
}

/** What the books say after a call: how often it was made, and what it has done. Refused: it contradicts what is written. */
export interface Written {
  readonly asks: number;
  readonly outcome: 'done' | 'unavailable' | 'refused';
}

/** The first call with a key moves money; the same again is counted, and moves none. */
export interface Ledger {
  enter(entry: Entry): Promise<Written>;
}

/** What is written under a key. */
export interface LedgerRow extends Entry {
  readonly asks: number;
  /** Money has moved (or was declined) only then. */
  readonly done: boolean;
}

/** On a connection outside every transaction of Payment; calls that come together share a write. */
export function ledgerInDatabase(database: Database): Ledger {
  return {
    enter: gather((entries: readonly Entry[]) =>
      database.transaction(async (sql) => {
        const earlier = await rowsOf(sql, entries.flatMap(keysBefore));
        const allowed = entries.filter((entry) => isAllowed(entry, earlier));
        const written = await write(sql, allowed);
        return entries.map((entry) => outcomeOf(entry, written));
      }),
    ),
  };
}

/**
 * 100,000 orders with an authorization and a capture each: more than a test places, and about 100 MB. Forgetting the
 * oldest instead would move money twice when it is asked again.
 */
const enoughRows = 200_000;

export interface MemoryLedger extends Ledger {
  /** Up to `limit` rows, newest first: those before the row `before` (its `seq`), or those of one order. */
  list(filter: {
    readonly orderId?: string | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }): readonly (LedgerRow & { readonly seq: number })[];
}

/** Gone with its process. When it is full, it is unavailable to new keys. */
export function ledgerInMemory({ maxRows = enoughRows } = {}): MemoryLedger {
  const rows = new Map<string, LedgerRow & { readonly seq: number }>();
  const keys: string[] = [];
  return {
    async enter(entry) {
      const known = rows.get(entry.key);
      if (!known && keys.length >= maxRows) return { asks: 0, outcome: 'unavailable' };
      if (isAllowed(entry, rows)) {
        const asks = (known?.asks ?? 0) + 1;
        const seq = known?.seq ?? keys.push(entry.key);
        const first = known ?? entry;
        rows.set(entry.key, { ...first, asks, done: asks > first.failures, seq });
      }
      return outcomeOf(entry, rows);
    },
    list({ orderId, before = keys.length + 1, limit }) {
      const wanted =
        orderId === undefined
          ? keys.slice(Math.max(0, before - 1 - limit), before - 1)
          : operations.map((operation) => `${operation}:${orderId}`);
      return wanted
        .flatMap((key) => rows.get(key) ?? [])
        .filter(({ seq }) => seq < before)
        .sort((a, b) => b.seq - a.seq)
        .slice(0, limit);
    },
  };
}

const keysBefore = ({ operation, orderId }: Entry): string[] =>
  operation === 'authorize' ? [] : [`authorize:${orderId}`, `${oppositeOf(operation)}:${orderId}`];

const oppositeOf = (operation: Operation) => (operation === 'capture' ? 'void' : 'capture');

/** A capture needs an authorization of that amount that was not voided, a void one that was not captured. */
function isAllowed(entry: Entry, earlier: ReadonlyMap<string, LedgerRow>): boolean {
  const { operation, orderId } = entry;
  if (operation === 'authorize') return true;
  const authorization = earlier.get(`authorize:${orderId}`);
  const opposite = earlier.get(`${oppositeOf(operation)}:${orderId}`);
  return (
    authorization?.done === true &&
    authorization.declineCode === null &&
    isSameMoney(authorization, entry) &&
    !opposite?.done
  );
}

/** A key that comes again with something else is another wish under the same name. */
function outcomeOf(entry: Entry, rows: ReadonlyMap<string, LedgerRow>): Written {
  const row = rows.get(entry.key);
  if (!row || row.orderId !== entry.orderId || !isSameMoney(row, entry))
    return { asks: 0, outcome: 'refused' };
  return { asks: row.asks, outcome: row.done ? 'done' : 'unavailable' };
}

const isSameMoney = (one: Entry, other: Entry) =>
  one.amount === other.amount && one.currency === other.currency;

const columns = (sql: Sql) => sql`
  key, operation, order_id as "orderId", amount, currency, decline_code as "declineCode", failures, asks, done`;

const byKey = (rows: readonly LedgerRow[]) => new Map(rows.map((row) => [row.key, row]));

async function rowsOf(sql: Sql, keys: readonly string[]): Promise<ReadonlyMap<string, LedgerRow>> {
  if (keys.length === 0) return new Map();
  return byKey(
    await sql<
      LedgerRow[]
    >`select ${columns(sql)} from simulated_gateway_ledger where key = any(${[...keys]}::text[])`,
  );
}

async function write(sql: Sql, entries: readonly Entry[]): Promise<ReadonlyMap<string, LedgerRow>> {
  // One row for a key, however often it comes at once.
  const once = [...new Map(entries.map((entry) => [entry.key, entry])).values()];
  return byKey(
    await sql<LedgerRow[]>`
      insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, decline_code, failures)
      select key, operation, "orderId", amount, currency, "declineCode", failures
      from json_to_recordset(${JSON.stringify(once)}::text::json) as called (
        key text, operation text, "orderId" uuid, amount bigint, currency text, "declineCode" text, failures integer)
      order by key
      on conflict (key) do update set asks = simulated_gateway_ledger.asks + 1
      returning ${columns(sql)}`,
  );
}

/** Shows them: what has moved money, order by order. */
export const readBooks = (sql: Sql, scope: Scope): AsyncIterable<readonly BooksFact[]> =>
  portions<BooksFact>(
    sql,
    'books_for_facts',
    sql`
      select 'books' as fact, order_id as "orderId",
        count(*) filter (where operation = 'authorize') as authorized,
        count(*) filter (where operation = 'capture') as captured,
        count(*) filter (where operation = 'void') as voided,
        coalesce(sum(amount) filter (where operation = 'authorize'), 0)::bigint as "authorizedAmount",
        coalesce(sum(amount) filter (where operation = 'capture'), 0)::bigint as "capturedAmount",
        min(currency) as currency, extract(epoch from now() - max(at))::float8 as "ageSeconds"
      from simulated_gateway_ledger where done and decline_code is null and ${ofOrders(sql, 'order_id', scope)}
      group by order_id order by order_id`,
  );
