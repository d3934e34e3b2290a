/**
 * A ceiling: what taking an order costs at the least with the same server, driver and database. One route, one row, one commit for
 * each order; nothing is looked up, checked, sent or remembered. It does not use the program's code, and is not to be made faster.
 */
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import postgres from 'postgres';
import { v7 } from 'uuid';

const connections = 12;

const sql = postgres(process.env['DATABASE_URL'] ?? '', { max: connections, onnotice: () => {} });
await sql`
  create table if not exists accepted (
    id          uuid primary key,
    customer_id text not null,
    lines       jsonb not null,
    created_at  timestamptz not null default now()
  )`;

interface Order {
  readonly customerId: string;
  readonly lines: postgres.JSONValue;
}

const app = new Hono();
app.post('/orders', async (c) => {
  const { customerId, lines } = await c.req.json<Order>();
  const id = v7();
  await sql`insert into accepted (id, customer_id, lines) values (${id}, ${customerId}, ${sql.json(lines)})`;
  return c.json({ id, customerId, lines, status: 'pending' }, 201);
});

const server = createAdaptorServer({ fetch: app.fetch });
server.listen(0, '127.0.0.1', () => {
  console.log(`serves http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => process.exit());
