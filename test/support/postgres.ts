/** Databases for tests: empty, or cloned from one that was migrated once. */
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** "test" in ASCII: test files that need the same template take turns making it. */
const lockKey = 0x74657374;

/**
 * Makes a database, with a random name unless told: empty, or cloned from the template `templateName`, which `template` fills on first use.
 */
export async function createDatabase(
  options: {
    readonly name?: string;
    readonly templateName?: string;
    readonly template?: (url: string) => Promise<void>;
  } = {},
): Promise<TestDatabase> {
  const { templateName, template } = options;
  const { name = `test_${randomBytes(6).toString('hex')}` } = options;
  const from = templateName === undefined ? 'template0' : `template_${templateName}`;
  await administer(async (sql) => {
    if (template) await ensureTemplate(sql, from, template);
    await sql.unsafe(`create database ${name} template ${from}`);
  });
  return {
    url: urlOf(name),
    drop: () =>
      administer(async (sql) => void (await sql.unsafe(`drop database if exists ${name} with (force)`))),
  };
}

async function ensureTemplate(
  sql: postgres.Sql,
  name: string,
  fill: (url: string) => Promise<void>,
): Promise<void> {
  await sql`select pg_advisory_lock(${lockKey})`;
  try {
    // Filled under another name and renamed then: one that was left half done is never taken for a template.
    if ((await sql`select 1 from pg_database where datname = ${name}`).length > 0) return;
    await sql.unsafe(`drop database if exists ${name}_new with (force)`);
    await sql.unsafe(`create database ${name}_new template template0`);
    await fill(urlOf(`${name}_new`));
    await sql.unsafe(`alter database ${name}_new rename to ${name}`);
  } finally {
    await sql`select pg_advisory_unlock(${lockKey})`;
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function administer<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}
