import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/postgres.ts';
import { MigrationChanged, migrate, pendingMigrations } from './migrate.ts';
import { openDatabase } from './transaction.ts';

const first = { name: 'shop/001_first', sql: 'create table first (id int)' };
const second = {
  name: 'shop/002_second',
  sql: 'create table second (id int); insert into second values (1)',
};

async function emptyDatabase() {
  const { url, drop } = await createDatabase();
  const database = openDatabase({ url, name: 'test' });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database.close();
      await drop();
    },
  };
}

test('applies what is missing, in order, once', async () => {
  await using empty = await emptyDatabase();
  const { database } = empty;
  expect(await pendingMigrations(database, [first, second])).toEqual([first.name, second.name]);
  expect(await migrate(database, [first])).toEqual([first.name]);
  expect(await migrate(database, [first, second])).toEqual([second.name]);
  expect(await migrate(database, [first, second])).toEqual([]);
  expect(await pendingMigrations(database, [first, second])).toEqual([]);
});

test('replicas that start together take turns', async () => {
  await using empty = await emptyDatabase();
  const applied = await Promise.all(
    Array.from({ length: 5 }, () => migrate(empty.database, [first, second])),
  );
  expect(applied.flat().sort()).toEqual([first.name, second.name]);
});

test('an edited migration is refused by name, and nothing else is done', async () => {
  await using empty = await emptyDatabase();
  await migrate(empty.database, [first]);
  const edited = { ...first, sql: 'create table other (id int)' };
  await expect(migrate(empty.database, [edited, second])).rejects.toThrow(MigrationChanged);
  await expect(migrate(empty.database, [edited, second])).rejects.toThrow(first.name);
  expect(await pendingMigrations(empty.database, [first, second])).toEqual([second.name]);
});

test('line ends do not make another migration', async () => {
  await using empty = await emptyDatabase();
  await migrate(empty.database, [{ name: 'a', sql: 'select 1;\nselect 2' }]);
  expect(await migrate(empty.database, [{ name: 'a', sql: 'select 1;\r\nselect 2' }])).toEqual([]);
});

test('a failure leaves nothing behind', async () => {
  await using empty = await emptyDatabase();
  const broken = { name: 'shop/003_broken', sql: 'create table third (id int); select nonsense' };
  await expect(migrate(empty.database, [first, broken])).rejects.toThrow('nonsense');
  expect(await migrate(empty.database, [first])).toEqual([first.name]);
});
