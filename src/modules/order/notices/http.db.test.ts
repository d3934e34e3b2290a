import { describe, expect, test } from 'vitest';
import { type Delivery, openTelling } from '../../../../test/support/notices.ts';
import { until } from '../../../../test/support/until.ts';
import { insertEndpoint } from './endpoints.ts';
import { createRetention } from './retention.ts';
import { mailbox } from './store.ts';

const telling = await openTelling();
const { actions, ask, database, deliveries, ended, handOn, json, register, routes } = telling;
const nobody = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';
const url = 'https://shop.example.com/hook';
const problem = (status: number) => expect.objectContaining({ status, title: expect.any(String) });

describe('endpoints', () => {
  test('the secret is shown once', async () => {
    const { id, secret, ...shown } = await json<Record<string, string>>(
      ask('POST', '/webhooks', { url, description: 'the shop' }),
      201,
    );
    expect(secret).toMatch(/^whsec_/);
    expect(shown).toEqual({
      url,
      description: 'the shop',
      createdAt: expect.any(String),
      enabled: true,
      disabledAt: null,
      disabledReason: null,
      previousSecretUntil: null,
    });
    for (const path of ['/webhooks', `/webhooks/${id}`]) {
      const text = await (await ask('GET', path)).text();
      expect(text).toContain(url);
      expect(text).not.toContain('whsec_');
    }
    expect(JSON.stringify(actions)).not.toContain('whsec_');
    // An address may hold a secret too.
    expect(JSON.stringify(actions)).not.toContain('shop.example.com');
    expect(actions).toEqual([
      { action: 'webhook registered', fields: { by: 'anna', reason: 'a test', endpoint: id } },
    ]);
  });

  test.each([
    'ftp://shop.example.com/',
    'shop.example.com',
    'https://user:secret@shop.example.com/',
    'https://shop.example.com/#here',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:10.0.0.1]/',
    'http://10.0.0.1/',
    `https://shop.example.com/${'x'.repeat(2_000)}`,
    `https://shop.example.com/${'ü'.repeat(1_000)}`,
  ])('%s is refused', async (refused) => {
    const response = await ask('POST', '/webhooks', { url: refused });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: '/url' }] });
  });

  test('a hundred and no more, also when two ask at once', async () => {
    await database.query(
      (sql) => sql`
        insert into webhook_endpoints (id, url, secret) select gen_random_uuid(), ${url}, 'whsec_'
        from generate_series(1, 99)`,
    );
    const asking = await database.transaction(async (sql) => {
      await insertEndpoint(sql, { id: nobody, url, description: '', secret: 'whsec_' });
      const second = ask('POST', '/webhooks', { url });
      await until('the second waits for the first', async () => {
        const waiting = await database.query(
          (other) =>
            other`select 1 from pg_locks where relation = 'webhook_endpoints'::regclass and not granted`,
        );
        return waiting.length === 1;
      });
      return { second };
    });
    expect((await asking.second).status).toBe(409);
    expect((await json<{ data: object[] }>(ask('GET', '/webhooks'))).data).toHaveLength(100);
  });

  test('one that is deleted is gone, and what was on its way to it ends', async () => {
    const { id } = await register(url);
    await ended();
    await handOn();
    expect((await ask('DELETE', `/webhooks/${id}`)).status).toBe(422);
    expect((await ask('DELETE', `/webhooks/${id}?by=anna&reason=old`)).status).toBe(204);
    expect(actions.at(-1)).toMatchObject({ action: 'webhook deleted', fields: { by: 'anna', endpoint: id } });
    expect(await json(ask('GET', '/webhooks'))).toEqual({ data: [], nextCursor: null });
    await createRetention(database).runOnce();
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ state: 'failed', error: 'its endpoint is disabled or deleted' });
    expect(await json(ask('POST', `/deliveries/${delivery?.id}/replay`, {}), 409)).toEqual(problem(409));
  });

  test('a disabled one is not replayed to', async () => {
    const { id } = await register(url);
    await database.query(
      (sql) => sql`update webhook_endpoints set disabled_at = now(), disabled_reason = 'x'`,
    );
    const since = new Date().toISOString();
    expect(await json(ask('POST', `/webhooks/${id}/replay`, { since }), 409)).toEqual(problem(409));
  });

  test('is registered once, however often it is asked for with one key', async () => {
    const ask = () =>
      routes.request('/admin/order/webhooks', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'register-1' },
        body: JSON.stringify({ by: 'anna', reason: 'a test', url: 'https://shop.example.com/hook' }),
      });
    const first = await (await ask()).text();
    const again = await ask();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.text()).toBe(first);
    const listed = (await (await routes.request('/admin/order/webhooks')).json()) as { data: object[] };
    expect(listed.data).toHaveLength(1);
  });

  test('only what was placed in the time is replayed, and that is within what is kept', async () => {
    const { id } = await register(url);
    const before = new Date().toISOString();
    await ended(2);
    await handOn();
    await database.query(
      (sql) => sql`update deliveries set state = 'failed', due_at = null, ended_at = now(), error = 'x'`,
    );
    const replay = (times: object, status = 202) =>
      json<{ deliveries: number }>(ask('POST', `/webhooks/${id}/replay`, times), status);
    const old = new Date(Date.now() - 60_000).toISOString();
    expect((await replay({ since: old, until: before })).deliveries).toBe(0);
    expect((await replay({ since: new Date(Date.now() + 1_000).toISOString() })).deliveries).toBe(0);
    expect((await replay({ since: before })).deliveries).toBe(2);
    expect(await replay({ since: new Date(Date.now() - 31 * 86_400_000).toISOString() }, 422)).toMatchObject({
      errors: [{ pointer: '/since' }],
    });
  });

  test.each([
    ['GET', `/webhooks/${nobody}`],
    ['DELETE', `/webhooks/${nobody}?by=a&reason=b`],
    ['POST', `/webhooks/${nobody}/rotate`],
    ['POST', `/webhooks/${nobody}/enable`],
    ['POST', `/webhooks/${nobody}/replay`, { since: new Date().toISOString() }],
    ['GET', `/deliveries/${nobody}`],
    ['POST', `/deliveries/${nobody}/replay`],
    ['GET', '/webhooks/x'],
  ])('%s %s: there is no such thing', async (method, path, body: object = {}) => {
    const response = await ask(method, path, method === 'POST' ? body : undefined);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual(problem(404));
    expect(actions).toEqual([]);
  });
});

describe('deliveries', () => {
  test('are listed newest first, page by page, as they are asked for', async () => {
    const [one, two] = [await register(url), await register(url)];
    const [order = ''] = await ended(5);
    await handOn();
    const pageOf = async (query: string) =>
      json<{ data: Delivery[]; nextCursor: string | null }>(ask('GET', `/deliveries?${query}`));
    const all = (await pageOf('')).data;
    expect(all).toHaveLength(10);
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    const first = await pageOf('limit=7');
    const second = await pageOf(`limit=7&after=${first.nextCursor}`);
    expect([...first.data, ...second.data]).toEqual(all);
    expect(second.nextCursor).toBeNull();
    expect((await pageOf(`orderId=${order}`)).data.map(({ endpointId }) => endpointId).sort()).toEqual(
      [one.id, two.id].sort(),
    );
    expect((await pageOf(`endpointId=${one.id}`)).data).toHaveLength(5);
    expect((await pageOf('state=failed')).data).toEqual([]);
    expect((await ask('GET', '/deliveries?state=lost')).status).toBe(422);
  });

  test('that ended a month ago are forgotten with their attempts; what nobody could send for days has failed', async () => {
    await register(url);
    await ended(3);
    await handOn();
    const [old = '', stuck = '', fresh = ''] = (await deliveries()).map(({ id }) => id);
    await database.transaction(async (sql) => {
      await sql`insert into delivery_attempts (delivery_id, number) select id, 1 from deliveries`;
      await sql`update deliveries set state = 'delivered', due_at = null, ended_at = now() - interval '30 days 1 second'
        where id = ${old}`;
      await sql`update deliveries set begun_at = now() - interval '3 days 1 second' where id = ${stuck}`;
    });
    await createRetention(database).runOnce();
    expect(await deliveries()).toMatchObject([
      { id: stuck, state: 'failed', error: 'given up' },
      { id: fresh, state: 'pending' },
    ]);
    const left = await database.query((sql) => sql`select 1 from delivery_attempts`);
    expect(left).toHaveLength(2);
  });

  test('by mail are not replayed where nobody sends mail', async () => {
    const [orderId = ''] = await ended(1, 'jane.doe@mail.example.com');
    await database.query(
      (sql) =>
        sql`insert into deliveries (id, order_id, target) values (gen_random_uuid(), ${orderId}, ${mailbox})`,
    );
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ channel: 'email', endpointId: null });
    expect(await json(ask('POST', `/deliveries/${delivery?.id}/replay`, {}), 409)).toMatchObject({
      detail: expect.stringContaining('SMTP_URL'),
    });
  });

  test('are forgotten in portions', async () => {
    await database.query(
      (sql) => sql`
        insert into deliveries (id, order_id, target, state, due_at, ended_at)
        select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'failed', null, now() - interval '31 days'
        from generate_series(1, 1001)`,
    );
    const retention = createRetention(database);
    expect(await retention.runOnce()).toEqual({ more: true });
    expect(await retention.runOnce()).toEqual({ more: false });
    expect(await deliveries()).toEqual([]);
  });
});

describe('notices', () => {
  test('show what is or would be said, and nobody’s address', async () => {
    const [first = ''] = await ended(1, 'jane.doe@mail.example.com');
    const [second = ''] = await ended(1);
    const answer = await ask('GET', '/notices');
    const text = await answer.text();
    expect(text).not.toContain('jane');
    expect(text).not.toContain('mail.example');
    expect(JSON.parse(text)).toEqual({
      data: [
        { orderId: second, toldAt: null, webhook: expect.any(Object), email: null },
        {
          orderId: first,
          toldAt: null,
          webhook: expect.objectContaining({ type: 'order.cancelled' }),
          email: {
            to: 'j***@***.com',
            subject: `Your order is cancelled (${first})`,
            text: expect.stringContaining('You cancelled it.'),
          },
        },
      ],
      nextCursor: null,
    });
    const page = await json<{ data: object[]; nextCursor: string }>(ask('GET', '/notices?limit=1'));
    expect(page.data).toMatchObject([{ orderId: second }]);
    expect(await json(ask('GET', `/notices?limit=1&after=${page.nextCursor}`))).toMatchObject({
      data: [{ orderId: first }],
      nextCursor: null,
    });
  });
});
