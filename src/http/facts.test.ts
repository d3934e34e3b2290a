import { expect, test } from 'vitest';
import { auditRoutes, createApp, openToAll } from './index.ts';

test('one audit at a time', async () => {
  const ends: (() => void)[] = [];
  const routes = auditRoutes(() => new Promise((resolve) => ends.push(() => resolve({ clean: true }))));
  const app = createApp({ routes: [routes], guard: openToAll, ready: async () => [], onError: () => {} });
  const ask = async () => {
    const response = await app.request('/admin/audit');
    return [response.status, await response.json()];
  };
  const first = ask();
  await expect.poll(() => ends.length).toBe(1);
  expect(await ask()).toEqual([409, expect.objectContaining({ code: 'audit_running' })]);
  ends[0]?.();
  expect(await first).toEqual([200, { clean: true }]);
  const next = ask();
  await expect.poll(() => ends.length).toBe(2);
  ends[1]?.();
  expect(await next).toEqual([200, { clean: true }]);
});
