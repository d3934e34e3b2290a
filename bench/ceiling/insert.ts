/**
 * A ceiling: how many rows PostgreSQL takes in sets, 500 at a time and each set its own commit, over four connections; and how long one
 * small commit takes that is alone. It does not use the program's code, and is not to be made faster.
 */
import postgres from 'postgres';
import { v7 } from 'uuid';

const seconds = Number(process.env['SECONDS'] ?? 3);
const rowsAtOnce = 500;
const connections = 4;
const lonelyCommits = 300;
/** As a message of the program, envelope included. */
const text = 'x'.repeat(600);

const sql = postgres(process.env['DATABASE_URL'] ?? '', { max: connections, onnotice: () => {} });
await sql`drop table if exists inserted`;
await sql`create table inserted (id uuid primary key, message text not null, at timestamptz not null default now())`;

async function insertUntil(latestMs: number): Promise<number> {
  let rows = 0;
  const inserter = async () => {
    while (performance.now() < latestMs) {
      const ids = Array.from({ length: rowsAtOnce }, () => v7());
      const texts = ids.map(() => text);
      await sql`insert into inserted (id, message) select * from unnest(${ids}::uuid[], ${texts}::text[])`;
      rows += rowsAtOnce;
    }
  };
  await Promise.all(Array.from({ length: connections }, inserter));
  return rows;
}

await insertUntil(performance.now() + 500);
const startMs = performance.now();
const rows = await insertUntil(startMs + seconds * 1_000);
const tookMs = performance.now() - startMs;

const commitsMs: number[] = [];
for (let n = 0; n < lonelyCommits; n += 1) {
  const sentMs = performance.now();
  await sql`insert into inserted (id, message) values (${v7()}, '')`;
  commitsMs.push(performance.now() - sentMs);
}
commitsMs.sort((a, b) => a - b);
await sql`drop table inserted`;
await sql.end();
console.log(JSON.stringify({ perSecond: (rows / tookMs) * 1_000, commitMs: commitsMs[lonelyCommits / 2] }));
