/** What PostgreSQL and memory are asked alike: the promises of a store, so that rules proved on one hold on the other. */
import type { Database } from '../../../src/outbox/index.ts';
import { createMemory, letPass, type Memory } from './database.ts';

/** One of the two, with a way to let time pass. */
export interface Side {
  readonly name: string;
  readonly database: Database;
  /** As if so many seconds had passed since all that was written. */
  later(seconds: number): Promise<void>;
  /** Forgets every row. */
  empty(): Promise<void>;
}

/** So often it is tried: a machine that stands still now and then does not do so each time. */
const maxTries = 5;

/**
 * A test whose outcome hangs on less than `marginMs`: PostgreSQL's own clock goes on meanwhile. What took longer is done again from
 * nothing, whatever came of it.
 */
export function withoutPause(empty: Side['empty'], marginMs: number, attempt: () => Promise<void>) {
  return async () => {
    for (let tries = 1; ; tries += 1) {
      const startMs = performance.now();
      const [outcome] = await Promise.allSettled([attempt()]);
      const isInTime = performance.now() - startMs < marginMs;
      if (!isInTime && tries < maxTries) await empty();
      else if (outcome.status === 'rejected') throw outcome.reason;
      else return;
    }
  };
}

/** PostgreSQL: time passes by moving what was written into the past. `moments`: the columns to move, as `table.column`. */
export function postgresSide(
  database: Database,
  tables: readonly string[],
  moments: readonly string[],
): Side {
  return {
    name: 'PostgreSQL',
    database,
    async later(seconds) {
      for (const moment of moments) {
        const [table = '', column = ''] = moment.split('.');
        await database.query(
          (sql) => sql`
            update ${sql(table)} set ${sql(column)} = ${sql(column)} - make_interval(secs => ${seconds})
            where ${sql(column)} is not null`,
        );
      }
    },
    async empty() {
      await database.query((sql) => sql`truncate ${sql([...tables])}`);
    },
  };
}

/** Memory: time passes by its clock. What is emptied is made anew by `fill`, which puts its tables into a new memory. */
export function memorySide(fill: (memory: Memory) => void): Side {
  let database = createMemory();
  fill(database);
  return {
    name: 'memory',
    database: {
      query: (statement, limits) => database.query(statement, limits),
      transaction: (work, options) => database.transaction(work, options),
      write: (statements, limits) => database.write(statements, limits),
      connections: () => database.connections(),
      close: () => database.close(),
    },
    async later(seconds) {
      letPass(seconds * 1_000);
    },
    async empty() {
      database = createMemory();
      fill(database);
    },
  };
}
