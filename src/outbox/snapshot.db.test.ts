import { describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { portions, snapshot } from './snapshot.ts';
import { DatabaseTimeout, openDatabase, type Sql } from './transaction.ts';

const database = await openTestDatabase('outbox');
await database.query((sql) => sql`create table counted (n int primary key)`);
const fill = (count: number) =>
  database.transaction(async (sql) => {
    await sql`truncate counted`;
    await sql`insert into counted select generate_series(1, ${count}::int)`;
  });
const numbers = (sql: Sql, name = 'numbers') =>
  portions<{ n: number }>(sql, name, sql`select n from counted where n > ${0} order by n`);

describe('a snapshot', () => {
  test('sees what was there before its work began, and nothing later', async () => {
    await fill(1);
    await snapshot(database, async (sql) => {
      await database.query((other) => other`insert into counted values (2)`);
      expect(await sql`select n from counted`).toEqual([{ n: 1 }]);
    });
    expect(await database.query((sql) => sql`select n from counted`)).toHaveLength(2);
  });

  test('cannot be written to', async () => {
    const writing = snapshot(database, (sql) => sql`insert into counted values (3)`);
    await expect(writing).rejects.toThrow('read-only transaction');
  });

  test('may take longer than daily work', async () => {
    const hasty = openDatabase({ url: database.url, name: 'hasty', limitMs: 200 });
    const slow = (sql: Sql) => sql`select pg_sleep(0.5)`;
    await expect(hasty.transaction(slow)).rejects.toThrow(DatabaseTimeout);
    await expect(snapshot(hasty, slow)).resolves.toHaveLength(1);
    await hasty.close();
  });

  test('waits longer than a role would let it: a reader may be busy elsewhere', async () => {
    const patience = await snapshot(
      database,
      (sql) => sql`
        select name from pg_settings
        where name in ('statement_timeout', 'idle_in_transaction_session_timeout') and setting::int = 600000`,
    );
    expect(patience).toHaveLength(2);
  });
});

describe('portions', () => {
  test.each([0, 1, 1_999, 2_000, 2_001, 4_000, 4_001])('%i rows, each once and in order', async (count) => {
    await fill(count);
    const sizes: number[] = [];
    const seen = await snapshot(database, async (sql) => {
      const rows: number[] = [];
      for await (const portion of numbers(sql)) {
        sizes.push(portion.length);
        rows.push(...portion.map(({ n }) => n));
      }
      return rows;
    });
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(2_000);
    expect(sizes).not.toContain(0);
  });

  test('two at a time, in one transaction', async () => {
    await fill(5_000);
    await snapshot(database, async (sql) => {
      const other = numbers(sql, 'others');
      for await (const portion of numbers(sql)) expect((await other.next()).value).toEqual(portion);
    });
  });

  test('a reader that stops early leaves the connection as it was', async () => {
    await fill(5_000);
    for (let round = 0; round < 3; round += 1)
      await snapshot(database, async (sql) => {
        for await (const portion of numbers(sql)) {
          expect(portion).toHaveLength(2_000);
          break;
        }
      });
  });

  test('a query that cannot be is thrown', async () => {
    const reading = snapshot(database, async (sql) => {
      for await (const _ of portions(sql, 'wrong', sql`select nothing from nowhere`)) expect.unreachable();
    });
    await expect(reading).rejects.toThrow('nowhere');
  });
});
