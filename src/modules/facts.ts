/** How a module states facts about itself: its own rows on one snapshot, in order-id order, however many there are. */
import type { Fact, Facts, ReadFacts, Scope } from '../contracts/facts.ts';
import type { Line } from '../contracts/values.ts';
import { type Database, readLevels, type Sql, type Statement, snapshot } from '../outbox/index.ts';
import type { Module } from './module.ts';

/** Reads a module's facts from its database, those of its messages first. */
export const readFacts =
  (database: Database, module: Pick<Module, 'name' | 'facts'>): ReadFacts =>
  (scope, work) =>
    snapshot(database, (sql) => work(allFacts(sql, module, scope)));

async function* allFacts(sql: Sql, { name, facts }: Pick<Module, 'name' | 'facts'>, scope: Scope): Facts {
  yield [{ fact: 'messaging', module: name, ...(await readLevels(sql)) }];
  yield* facts(sql, scope);
}

/** The condition that keeps `column` to the orders that are wanted. */
export function ofOrders(sql: Sql, column: string, { orderIds }: Scope): Statement {
  return orderIds === 'all' ? sql`true` : sql`${sql(column)} = any(${[...orderIds]}::uuid[])`;
}

/** Lines as facts tell them: by sku, a product once. */
export function unitsOf(lines: readonly Line[]): string {
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  const told = [...units].sort(([a], [b]) => (a < b ? -1 : 1));
  return told.map(([sku, quantity]) => `${quantity} ${sku}`).join(', ');
}

/** Reads portions row by row. */
export interface Reader<Row> {
  /** True: `fill` comes before anything else. */
  readonly isSpent: boolean;
  /** The next row; undefined at the end. */
  readonly head: Row | undefined;
  skip(): void;
  fill(): Promise<void>;
}

export function createReader<Row>(portions: AsyncIterable<readonly Row[]>): Reader<Row> {
  const source = portions[Symbol.asyncIterator]();
  let rows: readonly Row[] = [];
  let position = 0;
  let isOver = false;
  return {
    get isSpent() {
      return position >= rows.length && !isOver;
    },
    get head() {
      return rows[position];
    },
    skip() {
      position += 1;
    },
    async fill() {
      const { done, value } = await source.next();
      if (done) isOver = true;
      else {
        rows = value;
        position = 0;
      }
    },
  };
}

type AboutOrder = Extract<Fact, { orderId: string }>;

/** Two streams in order-id order as one. */
export async function* interleave<A extends AboutOrder, B extends AboutOrder>(
  first: AsyncIterable<readonly A[]>,
  second: AsyncIterable<readonly B[]>,
): AsyncGenerator<readonly (A | B)[]> {
  const readers: readonly Reader<A | B>[] = [createReader<A | B>(first), createReader<A | B>(second)];
  for (;;) {
    await Promise.all(readers.map(refill));
    const portion: (A | B)[] = [];
    while (readers.every(({ isSpent }) => !isSpent)) {
      const next = leader(readers);
      if (!next?.head) break;
      portion.push(next.head);
      next.skip();
    }
    if (portion.length === 0) return;
    yield portion;
  }
}

/** The reader whose next row comes first; one without a next row if all are at their end. */
function leader<Row extends { orderId: string }>(readers: readonly Reader<Row>[]): Reader<Row> | undefined {
  return readers.reduce((best, reader) =>
    reader.head && (!best.head || reader.head.orderId < best.head.orderId) ? reader : best,
  );
}

/** Until the reader knows its next row, or that there is none. */
export async function refill(reader: Reader<unknown>): Promise<void> {
  while (reader.isSpent) await reader.fill();
}
