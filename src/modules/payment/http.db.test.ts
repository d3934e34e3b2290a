import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { authorize, openPayment } from '../../../test/support/payment.ts';

const { hears, open } = await openPayment();

test('payments are listed newest first, never with a token', async () => {
  const { receive, routes } = open();
  const ids = [uuidv7(), uuidv7(), uuidv7()];
  for (const id of ids) {
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
  }
  const get = async (query: string) => (await routes.request(`/payments?${query}`)).text();
  const page = JSON.parse(await get('limit=2'));
  expect(page.data.map(({ orderId }: { orderId: string }) => orderId)).toEqual([ids[2], ids[1]]);
  expect(JSON.parse(await get(`limit=2&after=${page.nextCursor}`)).data).toHaveLength(1);
  expect(Object.keys(page.data[0]).sort()).toEqual(
    ['id', 'orderId', 'amount', 'currency', 'status', 'declineCode'].sort(),
  );
  expect(await get('')).not.toContain('tok_');
  expect((await routes.request('/payments?orderId=nonsense')).status).toBe(422);
});
