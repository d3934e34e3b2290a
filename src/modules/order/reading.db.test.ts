/** Reading orders: spans of time, and what a reader has already. */
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { message, openOrder } from '../../../test/support/order.ts';

const { database, placed, receive, routes } = await openOrder();

/** An order that was placed at a moment, and whose id was made before that. */
async function placedAt(at: string, idMadeMsBefore = 0): Promise<string> {
  const id = uuidv7({ msecs: Date.parse(at) - idMadeMsBefore });
  await database.query(
    (sql) => sql`
      insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, created_at)
      values (${id}, 'cus_1', 'done', 'confirmed', '[]', 0, 'EUR', 0, ${new Date(at)})`,
  );
  return id;
}

const found = async (query: string) => {
  const response = await routes.request(`/orders?${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
};

describe('a span of time', () => {
  test('begins with its first moment and ends before its last, whenever the ids were made', async () => {
    const before = await placedAt('2026-03-01T11:59:59.999Z');
    const first = await placedAt('2026-03-01T12:00:00.000Z', 1_500);
    const last = await placedAt('2026-03-01T12:59:59.999Z');
    const after = await placedAt('2026-03-01T13:00:00.000Z', 1_500);
    const hour = 'placedAfter=2026-03-01T12:00:00Z&placedBefore=2026-03-01T13:00:00Z';
    expect(await found(hour)).toEqual([last, first]);
    expect(await found('placedAfter=2026-03-01T12:00:00Z')).toEqual([last, after, first]);
    expect(await found('placedBefore=2026-03-01T12:00:00.000Z')).toEqual([before]);
    expect(await found(`${hour}&customerId=cus_1&status=confirmed`)).toEqual([last, first]);
    expect(await found(`${hour}&customerId=cus_2`)).toEqual([]);
  });

  test('is given in any zone, or in days', async () => {
    const id = await placedAt('2026-03-01T12:00:00.000Z');
    expect(await found('placedAfter=2026-03-01T13:00:00%2B01:00')).toEqual([id]);
    expect(await found('placedAfter=2026-03-01T13:00:01%2B01:00')).toEqual([]);
    expect(await found('placedAfter=2026-03-01&placedBefore=2026-03-02')).toEqual([id]);
    expect(await found('placedAfter=0001-01-01&placedBefore=9999-12-31')).toEqual([id]);
  });

  test.each(['yesterday', '2026-03-01T12:00:00', '2026-13-01', '1e3', ''])('"%s" is none', async (text) => {
    const response = await routes.request(`/orders?placedAfter=${text}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ parameter: 'placedAfter' }] });
  });

  test('is paged like any list', async () => {
    const ids = [];
    for (const second of ['01', '02', '03']) ids.unshift(await placedAt(`2026-03-01T12:00:${second}.000Z`));
    const page = async (after = '') =>
      (await (await routes.request(`/orders?placedAfter=2026-03-01T12:00:02Z&limit=1${after}`)).json()) as {
        data: { id: string }[];
        nextCursor: string | null;
      };
    const first = await page();
    expect(first.data).toMatchObject([{ id: ids[0] }]);
    const second = await page(`&after=${first.nextCursor}`);
    expect(second).toMatchObject({ data: [{ id: ids[1] }], nextCursor: null });
  });
});

describe('what a reader has already', () => {
  const read = (id: string, ifNoneMatch?: string) =>
    routes.request(
      `/orders/${id}`,
      ifNoneMatch === undefined ? {} : { headers: { 'if-none-match': ifNoneMatch } },
    );

  test('is not sent again until it changes', async () => {
    const id = await placed();
    const first = await read(id);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect(first.headers.get('content-type')).toBe('application/json');
    const again = await read(id, `"other", W/${tag}`);
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
    await receive(message('stock.reserved', id));
    const changed = await read(id, tag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(tag);
    expect(await changed.json()).toMatchObject({ step: 'authorizing_payment' });
  });

  test('is anything, says the star; what is not there is not found all the same', async () => {
    const id = await placed();
    expect((await read(id, '*')).status).toBe(304);
    expect((await read(id, 'nonsense')).status).toBe(200);
    expect((await read(uuidv7(), '*')).status).toBe(404);
  });

  test('HEAD tells the tag too', async () => {
    const id = await placed();
    const head = await routes.request(`/orders/${id}`, { method: 'HEAD' });
    expect(head.headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
    expect(head.headers.get('etag')).toBe((await read(id)).headers.get('etag'));
  });
});

describe('the timeline', () => {
  const timeline = async (id: string) => await routes.request(`/orders/${id}/timeline`);

  test('tells what happened and every message, with what the reply has brought, and no secret', async () => {
    const id = await placed();
    const before = (await (await timeline(id)).json()) as { hops: { id: string }[] };
    const [command] = before.hops;
    expect(command).toMatchObject({ type: 'stock.reserve', module: 'order', receiver: 'stock', sent: null });
    const times = {
      commandsent: '2026-03-01T12:00:01.000Z',
      commandreceived: '2026-03-01T12:00:02.000Z',
      commandhandled: '2026-03-01T12:00:03.000Z',
    };
    const reply = message('stock.reserved', id);
    await receive({ ...reply, ...times, commandattempt: 2, causationid: command?.id });
    const text = await (await timeline(id)).text();
    expect(JSON.parse(text)).toMatchObject({
      orderId: id,
      steps: [
        { seq: 1, event: 'place', messageId: null },
        { seq: 2, event: 'stock.reserved', step: 'authorizing_payment', messageId: reply.id },
      ],
      hops: [
        {
          id: command?.id,
          sent: times.commandsent,
          received: times.commandreceived,
          handled: times.commandhandled,
          attempts: 2,
        },
        { id: reply.id, module: 'elsewhere', causationId: command?.id },
        { type: 'payment.authorize', causationId: reply.id, handled: null },
      ],
    });
    expect(text).not.toContain('tok_visa');
  });

  test('of an order that is not there is not found', async () => {
    expect((await timeline(uuidv7())).status).toBe(404);
    expect((await timeline('nonsense')).status).toBe(404);
  });
});
