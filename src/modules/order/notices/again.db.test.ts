/** An administrator who sends again with the key of before: one effect, one answer, and no secret is kept with it. */
import { describe, expect, test } from 'vitest';
import { openTelling } from '../../../../test/support/notices.ts';

const telling = await openTelling();
const { actions, ask, database, delivery, deliveries, ended, handOn, register } = telling;
const url = 'https://shop.example.com/hook';

const again = (path: string, key: string, body: object = {}) =>
  ask('POST', path, body, { 'idempotency-key': key });

/** Asks twice with one key: the second time nothing may happen and the answer is the first. Returns it. */
async function twice<T>(path: string, body: object, status: number, meanwhile = async () => {}): Promise<T> {
  const first = await again(path, 'one', body);
  expect(first.headers.has('idempotent-replayed')).toBe(false);
  const text = await first.text();
  expect([first.status, text]).toEqual([status, expect.any(String)]);
  const done = actions.length;
  await meanwhile();
  const second = await again(path, 'one', body);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  expect([second.status, await second.text()]).toEqual([status, text]);
  expect(actions).toHaveLength(done);
  return JSON.parse(text) as T;
}

const secretsOf = async (id: string) => {
  const [row] = await database.query(
    (sql) => sql<{ secret: string; previous: string | null }[]>`
      select secret, previous_secret as previous from webhook_endpoints where id = ${id}`,
  );
  return row;
};
const kept = async () =>
  (await database.query((sql) => sql<{ body: string }[]>`select body from idempotency_keys`))
    .map(({ body }) => body)
    .join('\n');

describe('with one key', () => {
  test('a secret is replaced once', async () => {
    const { id, secret: before } = await register(url);
    const { secret } = await twice<{ secret: string }>(`/webhooks/${id}/rotate`, {}, 200);
    expect(await secretsOf(id)).toEqual({ secret, previous: before });
  });

  test('an endpoint is enabled once', async () => {
    const { id } = await register(url);
    const disable = async () => {
      await database.query(
        (sql) => sql`update webhook_endpoints set disabled_at = now(), disabled_reason = 'gone'`,
      );
    };
    await disable();
    expect(await twice(`/webhooks/${id}/enable`, {}, 200, disable)).toMatchObject({ enabled: true });
    expect(await (await ask('GET', `/webhooks/${id}`)).json()).toMatchObject({ enabled: false });
  });

  const fail = async () => {
    await database.query(
      (sql) => sql`
        update deliveries set state = 'failed', attempts = attempts + 1, due_at = null, ended_at = now(), error = 'x'`,
    );
  };

  test('what an endpoint has missed is replayed once', async () => {
    const { id } = await register(url);
    await ended(2);
    await handOn();
    await fail();
    const since = new Date(Date.now() - 60_000).toISOString();
    expect(await twice(`/webhooks/${id}/replay`, { since }, 202, fail)).toMatchObject({ deliveries: 2 });
    expect((await deliveries()).map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  test('a delivery is replayed once', async () => {
    await register(url);
    await ended();
    await handOn();
    await fail();
    const [{ id } = { id: '' }] = await deliveries();
    expect(await twice(`/deliveries/${id}/replay`, {}, 202, fail)).toMatchObject({ state: 'pending' });
    expect(await delivery(id)).toMatchObject({ state: 'failed', attempts: 2 });
  });
});

describe('a secret', () => {
  const registerAgain = async () => {
    const response = await again('/webhooks', 'one', { url });
    expect(response.status).toBe(201);
    return (await response.json()) as { id: string; secret?: string };
  };

  test('is not kept with the answer, and given again to who has not heard it', async () => {
    const { id, secret } = await twice<{ id: string; secret: string }>('/webhooks', { url }, 201);
    expect(await secretsOf(id)).toMatchObject({ secret });
    await again(`/webhooks/${id}/rotate`, 'two');
    expect(await kept()).toContain(id);
    expect(await kept()).not.toContain('whsec_');
    // It still signs.
    expect(await registerAgain()).toMatchObject({ id, secret });
  });

  test('that does not sign any more is not given again, nor is another in its place', async () => {
    const { id } = await registerAgain();
    for (const key of ['two', 'three']) await again(`/webhooks/${id}/rotate`, key);
    expect(await registerAgain()).not.toHaveProperty('secret');
    expect(await (await again(`/webhooks/${id}/rotate`, 'two')).json()).toHaveProperty('secret');
    await database.query((sql) => sql`update webhook_endpoints set previous_secret_until = now()`);
    expect(await (await again(`/webhooks/${id}/rotate`, 'two')).json()).not.toHaveProperty('secret');
    await ask('DELETE', `/webhooks/${id}?by=anna&reason=old`);
    expect(await (await again(`/webhooks/${id}/rotate`, 'three')).json()).not.toHaveProperty('secret');
  });
});
