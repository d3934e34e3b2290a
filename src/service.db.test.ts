import { Server } from 'node:http';
import { afterAll, expect, test, vi } from 'vitest';
import { hear } from '../test/support/events.ts';
import { createDatabase } from '../test/support/postgres.ts';
import { moduleNames, readConfig } from './config.ts';
import { createMemoryBroker } from './embedded/broker.ts';
import { openDatabase } from './outbox/index.ts';
import { startService } from './service.ts';
import { createLog } from './telemetry/log.ts';

const created = await Promise.all(moduleNames.map(async (name) => ({ name, ...(await createDatabase()) })));
afterAll(() => Promise.all(created.map(({ drop }) => drop())));

/** Databases that are lost the first time that anything is asked of them, whatever it is. */
function losing() {
  const asked = new Set<string>();
  function loseFirst(what: string): void {
    if (asked.has(what)) return;
    asked.add(what);
    throw Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET' });
  }
  const open: typeof openDatabase = (options) => {
    const database = openDatabase(options);
    return {
      ...database,
      async query(statement, limits) {
        loseFirst(`${options.name}: ${statement}`);
        return database.query(statement, limits);
      },
      async transaction(work, limits) {
        loseFirst(`${options.name}: ${work}`);
        return database.transaction(work, limits);
      },
    };
  };
  return { open, asked };
}

test('a start outlives the loss of its databases, whatever it is doing', async () => {
  const { open, asked } = losing();
  const service = await startService(
    readConfig('serve', { PORT: '0', SEED_DEMO: '1' }),
    {
      databaseUrls: Object.fromEntries(created.map(({ name, url }) => [name, url])),
      connectBroker: createMemoryBroker().connect,
      openDatabase: open,
    },
    createLog(() => {}, 'json'),
  );
  try {
    await service.started;
    expect(asked.size).toBeGreaterThan(10);
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status).toBe(200);
    const products = async () =>
      (await (await fetch(`${service.url}/products`)).json()) as { data?: unknown[] };
    await expect.poll(async () => (await products()).data).toHaveLength(6);
  } finally {
    await service.stop();
  }
});

test('a stop ends who listens, and need not wait for him', async () => {
  const service = await startService(
    readConfig('serve', { PORT: '0', SEED_DEMO: '1' }),
    {
      databaseUrls: Object.fromEntries(created.map(({ name, url }) => [name, url])),
      connectBroker: createMemoryBroker().connect,
    },
    createLog(() => {}, 'json'),
  );
  await service.started;
  const heard = hear(await fetch(`${service.url}/orders/events?customerId=cus_1`));
  await heard.next();
  // What ends those who have not left when the grace is over.
  const cutOff = vi.spyOn(Server.prototype, 'closeAllConnections');
  try {
    const stopped = service.stop();
    // He has heard all there was, and comes again elsewhere.
    expect(await heard.next()).toBeUndefined();
    await stopped;
    expect(cutOff).not.toHaveBeenCalled();
  } finally {
    cutOff.mockRestore();
  }
});
