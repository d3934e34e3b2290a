/** Orders as they move, told to who listens at another replica than the one that moves them. */
import { once } from 'node:events';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, describe, expect, test } from 'vitest';
import { hear } from '../../../../test/support/events.ts';
import { budgetMs, message, openOrder, patience } from '../../../../test/support/order.ts';
import { until } from '../../../../test/support/until.ts';
import { createAdmission, createApp, createEventStreams, listen, openToAll } from '../../../http/index.ts';
import { newId, type Sql } from '../../../outbox/index.ts';
import { createDeadlines } from '../clock.ts';
import { createOrder } from '../index.ts';
import { createLiveRoutes } from './http.ts';
import { createLive } from './live.ts';

const { database, get, handle, openAnother, overdue, placed, post, receive, sendAll, unit } =
  await openOrder();

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A replica that does nothing but tell, and counts its questions. */
function openListening(limits = {}, liveLimits = {}) {
  let queries = 0;
  const counted = {
    ...database,
    query: ((statement, some) => {
      queries += 1;
      return database.query(statement, some);
    }) as typeof database.query,
  };
  const live = createLive(counted, {}, liveLimits);
  const { routes, hangUp } = createLiveRoutes({
    database: counted,
    live,
    admitted: createAdmission({ maxInHand: 1_000, budgetMs }),
    streams: createEventStreams(limits),
  });
  closing.push(async () => {
    hangUp();
    await live.close();
  });
  return { routes, hangUp, queries: () => queries };
}

const { routes } = openAnother();

const listenTo = async (path: string, lastEventId?: string, at = routes) => {
  const response = await at.request(
    path,
    lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } },
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const heard = hear(response);
  closing.push(() => heard.leave());
  return heard;
};

const steps = (
  some: readonly ({ id?: string | undefined; data?: Record<string, unknown> | undefined } | undefined)[],
) => some.map((one) => [one?.id, one?.data?.['step'], one?.data?.['status']]);

describe('one order', () => {
  test('its present state first, then every step as GET shows it, and the end at the end of the saga', async () => {
    const id = await placed();
    const stream = await listenTo(`/orders/${id}/events`);
    expect(await stream.next()).toEqual({ id: '1', event: 'order', data: await get(id) });
    await receive(message('stock.reserved', id));
    expect(await stream.next()).toEqual({ id: '2', event: 'order', data: await get(id) });
    await receive(message('payment.declined', id, { declineCode: 'card_declined' }));
    expect(await stream.next()).toEqual({ id: '3', event: 'order', data: await get(id) });
    await receive(message('stock.released', id));
    expect(await stream.next()).toEqual({ id: '4', event: 'order', data: await get(id) });
    expect(await stream.next()).toBeUndefined();
  });

  test('who comes again hears each step that was missed; who has heard the end need not come again', async () => {
    const id = await placed();
    const first = await listenTo(`/orders/${id}/events`);
    expect(await first.next()).toMatchObject({ id: '1' });
    await first.leave();
    await receive(message('stock.reserved', id));
    await post(`/orders/${id}/cancel`, {});
    const again = await listenTo(`/orders/${id}/events`, '1');
    const told = [await again.next(), await again.next()];
    expect(steps(told)).toEqual([
      ['2', 'authorizing_payment', 'pending'],
      ['3', 'voiding_payment', 'cancelled'],
    ]);
    // Nobody is told before its time why an order ends.
    expect(told.map((one) => one?.data?.['reason'])).toMatchObject([null, { code: 'cancelled_by_customer' }]);
    await receive(message('payment.voided', id), message('stock.released', id));
    expect(steps(await again.all())).toEqual([
      ['4', 'releasing_stock', 'cancelled'],
      ['5', 'done', 'cancelled'],
    ]);
    const path = `/orders/${id}/events`;
    expect(steps(await (await listenTo(path, '3')).all())).toHaveLength(2);
    expect(steps(await (await listenTo(path)).all())).toEqual([['5', 'done', 'cancelled']]);
    // An id of another life of the database, or none.
    expect(await (await listenTo(path, '77')).all()).toHaveLength(1);
    expect(await (await listenTo(path, 'x')).all()).toHaveLength(1);
    const done = await routes.request(path, { headers: { 'last-event-id': '5' } });
    expect(done.status).toBe(204);
  });

  test('what came late or twice is no step', async () => {
    const id = await placed();
    const stream = await listenTo(`/orders/${id}/events`);
    await receive(
      message('stock.reserved', id),
      message('stock.reserved', id),
      message('payment.authorized', id),
    );
    expect(steps(await stream.all())).toEqual([
      ['1', 'reserving_stock', 'pending'],
      ['2', 'authorizing_payment', 'pending'],
      ['4', 'done', 'confirmed'],
    ]);
  });

  test('a history that is full does not hide the end', async () => {
    const id = await placed();
    await database.query(
      (sql) => sql`
        insert into order_history (order_id, seq, event, heeded, step, status, sent)
        select ${id}, seq, 'deadline', true, 'reserving_stock', 'pending', '[]' from generate_series(2, 200) as seq`,
    );
    const stream = await listenTo(`/orders/${id}/events`);
    expect(await stream.next()).toMatchObject({ id: '200' });
    await receive(message('stock.reserved', id), message('payment.authorized', id));
    expect(await stream.next()).toEqual({ id: '201', event: 'order', data: await get(id) });
    expect(await stream.next()).toBeUndefined();
    const path = `/orders/${id}/events`;
    expect((await routes.request(path, { headers: { 'last-event-id': '201' } })).status).toBe(204);
    expect(steps(await (await listenTo(path, '200')).all())).toEqual([['201', 'done', 'confirmed']]);
  });

  test('no such order; too many listeners; nobody listens with HEAD', async () => {
    expect((await routes.request(`/orders/${uuidv7()}/events`)).status).toBe(404);
    expect((await routes.request('/orders/events')).status).toBe(422);
    const id = await placed();
    const few = openListening({ maxStreams: 1 });
    expect((await few.routes.request(`/orders/${id}/events`, { method: 'HEAD' })).status).toBe(200);
    const one = await listenTo(`/orders/${id}/events`, undefined, few.routes);
    const refused = await few.routes.request('/orders/events?customerId=cus_1');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ code: 'too_many_listeners' });
    await one.leave();
    await listenTo('/orders/events?customerId=cus_1', undefined, few.routes);
    few.hangUp();
    expect((await few.routes.request(`/orders/${id}/events`)).status).toBe(503);
  });
});

describe("a customer's orders", () => {
  const path = '/orders/events?customerId=cus_1';

  test('the open ones first, then every step of them and of new ones; the stream goes on', async () => {
    const old = await placed();
    const stream = await listenTo(path);
    expect(await stream.next()).toEqual({ id: undefined, event: 'order', data: await get(old) });
    expect(await stream.next()).toEqual({
      id: expect.stringMatching(/^\d{13}$/),
      event: undefined,
      data: undefined,
    });
    const young = await placed();
    expect((await stream.next())?.data).toEqual(await get(young));
    await stream.next();
    await receive(message('stock.rejected', young, { reason: { code: 'out_of_stock', detail: 'none' } }));
    expect((await stream.next())?.data).toEqual(await get(young));
    await stream.next();
    await receive(message('stock.reserved', old));
    expect((await stream.next())?.data).toEqual(await get(old));
  });

  /** Writes an order of an id made at `madeAt`, in a transaction that the caller ends. */
  async function placeSlowly(id: string) {
    let commit = () => {};
    const written = new Promise<void>((resolve, reject) => {
      const done = database.transaction(async (sql: Sql) => {
        await sql`
          insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, deadline_at)
          values (${id}, 'cus_1', 'reserving_stock', 'pending', '[]', 0, 'EUR', 1, now() + interval '1 hour')`;
        await sql`
          insert into order_history (order_id, seq, event, heeded, step, status, sent)
          values (${id}, 1, 'place', true, 'reserving_stock', 'pending', '[]')`;
        await new Promise<void>((ended) => {
          commit = () => {
            ended();
            done.catch(reject);
          };
          resolve();
        });
      });
      done.catch(reject);
    });
    await written;
    return () => commit();
  }

  test('an order that was placed earlier and committed later than others is told', async () => {
    const stream = await listenTo(path);
    await stream.next();
    const late = newId();
    const commit = await placeSlowly(late);
    const young = await placed();
    expect((await stream.next())?.data).toMatchObject({ id: young });
    await stream.next();
    commit();
    expect((await stream.next())?.data).toMatchObject({ id: late });
  });

  test('a step that was committed later than those of other orders is told, and told once', async () => {
    const [slow, quick] = [await placed(), await placed()];
    const stream = await listenTo(path);
    for (let n = 0; n < 3; n += 1) await stream.next();
    let commit = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let taken = () => {};
    const written = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const moving = unit.run(async (open) => {
      await handle(open, [message('stock.reserved', slow)]);
      taken();
      await held;
    });
    await written;
    await receive(message('stock.reserved', quick));
    expect((await stream.next())?.data).toMatchObject({ id: quick, step: 'authorizing_payment' });
    await stream.next();
    commit();
    await moving;
    expect((await stream.next())?.data).toMatchObject({ id: slow, step: 'authorizing_payment' });
    await stream.next();
    await receive(message('payment.authorized', quick));
    expect((await stream.next())?.data).toMatchObject({ id: quick, step: 'done' });
  });

  test('who comes again hears what was missed, of orders that have ended too, and of nobody else', async () => {
    const stream = await listenTo(path);
    const { id: moment } = (await stream.next()) ?? {};
    await stream.leave();
    const id = await placed();
    await receive(message('stock.reserved', id), message('payment.authorized', id));
    await database.query(
      (sql) => sql`
        insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts)
        values (${newId()}, 'cus_2', 'done', 'confirmed', '[]', 0, 'EUR', 0)`,
    );
    const again = await listenTo(path, moment);
    expect(steps([await again.next(), await again.next(), await again.next()])).toEqual([
      [undefined, 'reserving_stock', 'pending'],
      [undefined, 'authorizing_payment', 'pending'],
      [undefined, 'done', 'confirmed'],
    ]);
    expect((await again.next())?.data).toBeUndefined();
  });

  test('of more orders than are followed all are told, then the stream ends; who comes again misses nothing', async () => {
    const few = openListening({}, { maxFollowed: 2 });
    const stream = await listenTo(path, undefined, few.routes);
    // Nothing is open yet: only the moment.
    await stream.next();
    const ids: string[] = [];
    const told: unknown[] = [];
    for (let n = 0; n < 2; n += 1) {
      ids.push(await placed());
      told.push((await stream.next())?.data?.['id']);
      await stream.next();
    }
    expect(told).toEqual(ids);
    ids.push(await placed());
    const last = await stream.all();
    expect(last.flatMap(({ data }) => data?.['id'] ?? [])).toEqual(ids.slice(2));
    // It has ended by itself, and goes on where it was.
    await receive(message('stock.reserved', ids[0] ?? ''));
    const again = await listenTo(path, last.at(-1)?.id, openListening().routes);
    expect(steps([await again.next(), await again.next()])).toEqual([
      [undefined, 'reserving_stock', 'pending'],
      [undefined, 'authorizing_payment', 'pending'],
    ]);
  });

  test('two who listen, one of them later, hear the same and nothing twice', async () => {
    const early = await listenTo(path);
    await early.next();
    const id = await placed();
    expect((await early.next())?.data).toMatchObject({ id });
    await early.next();
    const late = await listenTo(path);
    const order = await listenTo(`/orders/${id}/events`);
    expect([await late.next(), await order.next()]).toMatchObject([{ data: { id } }, { data: { id } }]);
    await late.next();
    await receive(message('stock.reserved', id));
    for (const stream of [early, late, order]) expect((await stream.next())?.data).toEqual(await get(id));
  });
});

test('a thousand listeners are one question at a time, hear every step, and ask nothing when they have gone', {
  timeout: 60_000,
}, async () => {
  const listeners = 1_000;
  const ids = [await placed(), await placed()];
  const replica = openListening();
  const app = createApp({
    routes: [replica.routes],
    guard: openToAll,
    ready: async () => [],
    onError: () => {},
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
  const heard = new Array<string>(listeners).fill('');
  const ended = new Set<number>();
  const clients = Array.from({ length: listeners }, (_, n) => {
    const request = httpGet(`${server.url}/orders/${ids[n % 2]}/events`, { agent });
    void once(request, 'response').then(([response]: IncomingMessage[]) => {
      response?.setEncoding('utf8');
      response?.on('data', (text: string) => {
        heard[n] += text;
      });
      response?.once('end', () => ended.add(n));
    });
    request.on('error', () => {});
    return request;
  });
  const all = (text: string) => until(`all hear ${text}`, () => heard.every((one) => one.includes(text)));
  await all('"step":"reserving_stock"');
  // Who listens holds no place among the requests.
  expect((await fetch(`${server.url}/orders/${ids[0]}/events`, { method: 'HEAD' })).status).toBe(200);
  // Nobody asks for himself: a thousand states at first, and now a step, were a few questions.
  const startMs = performance.now();
  const before = replica.queries();
  expect(before).toBeLessThan(listeners / 2);
  await receive(...ids.map((id) => message('stock.reserved', id)));
  await all('"step":"authorizing_payment"');
  // At most one in 50 ms.
  expect(replica.queries() - before).toBeLessThanOrEqual((performance.now() - startMs) / 50 + 1);
  await receive(...ids.map((id) => message('payment.authorized', id)));
  await until('all streams end', () => ended.size === listeners);
  for (const one of heard)
    expect([...one.matchAll(/^id: (\d)$/gm)].map(([, id]) => id)).toEqual(['1', '2', '3']);

  const asked = replica.queries();
  // One more, who comes and goes: only then anything is asked.
  const id = await placed();
  const last = httpGet(`${server.url}/orders/${id}/events`, { agent });
  await once(last, 'response');
  await until('it is asked again', () => replica.queries() > asked + 2);
  last.on('error', () => {});
  last.destroy();
  for (const client of clients) client.destroy();
  agent.destroy();
  let quiet = replica.queries();
  await until('nothing is asked any more', async () => {
    const earlier = quiet;
    // Longer than between two questions.
    await new Promise((resolve) => setTimeout(resolve, 600));
    quiet = replica.queries();
    return quiet === earlier;
  });
  await server.close({ graceMs: 1_000 });
});

test('a deadline is a step too', async () => {
  const id = await placed();
  const stream = await listenTo(`/orders/${id}/events`);
  await stream.next();
  await sendAll();
  await overdue();
  await createDeadlines(unit, patience).runOnce();
  expect(await stream.next()).toEqual({ id: '2', event: 'order', data: await get(id) });
});

test('a database that is away is asked again: nobody loses what happened meanwhile', async () => {
  const id = await placed();
  let away = true;
  const failed: unknown[] = [];
  const query: typeof database.query = (statement, limits) =>
    away ? Promise.reject(new Error('away')) : database.query(statement, limits);
  const live = createLive(
    { query },
    {
      failed({ what }) {
        failed.push(what);
        away = false;
      },
    },
  );
  const { routes: lost, hangUp } = createLiveRoutes({
    database,
    live,
    admitted: createAdmission({ budgetMs }),
  });
  closing.push(async () => {
    hangUp();
    await live.close();
  });
  const stream = await listenTo(`/orders/${id}/events`, undefined, lost);
  await stream.next();
  await receive(message('stock.reserved', id));
  await until('it has failed', () => failed.length > 0);
  expect(await stream.next()).toMatchObject({ id: '2' });
  expect(failed).toEqual(['live orders']);
});

test('what happens in this very process is told at once, not at the next reading', async () => {
  let queries = 0;
  const query: typeof database.query = (statement, limits) => {
    queries += 1;
    return database.query(statement, limits);
  };
  const replica = createOrder(patience).open({
    database: { ...database, query },
    unit,
    log: () => {},
    observer: {},
    budgetMs,
  });
  closing.push(async () => {
    replica.hangUp?.();
    await replica.close?.();
  });
  const acts = [
    async (id: string) => unit.run((open) => replica.handle(open, [message('stock.reserved', id)])),
    async (id: string) => replica.routes.request(`/orders/${id}/cancel`, { method: 'POST' }),
  ];
  async function toldAfterMs(act: (id: string) => Promise<unknown>): Promise<number> {
    const id = await placed();
    const stream = await listenTo(`/orders/${id}/events`, undefined, replica.routes);
    await stream.next();
    // Nothing happens for so long that the readings are half a second apart; and one has just been.
    const idle = queries + 5;
    await until('it has become quiet', () => queries >= idle);
    const startMs = performance.now();
    await act(id);
    expect(await stream.next()).toMatchObject({ id: '2' });
    return performance.now() - startMs;
  }
  for (const act of acts) {
    const tries = [await toldAfterMs(act)];
    // A machine may stand still for a moment, but does not do so each time.
    while (Math.min(...tries) >= 350 && tries.length < 5) tries.push(await toldAfterMs(act));
    expect(Math.min(...tries)).toBeLessThan(350);
  }
});
