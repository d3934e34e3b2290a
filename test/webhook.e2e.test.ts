/** A webhook as a receiver in an operator's own network gets it: over TLS, with a certificate of its own authority. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, expect, test } from 'vitest';
import { fetchPatiently, keyedPost } from './support/client.ts';
import { makeFolder, removeFolder } from './support/folder.ts';
import { startProgram } from './support/program.ts';
import { openReceiver } from './support/receiver.ts';
import { cart } from './support/shop.ts';
import { selfSigned } from './support/tls.ts';

const folder = await makeFolder();
const trusted = join(folder, 'ca.pem');
await writeFile(trusted, selfSigned.cert);
const receiver = await openReceiver(selfSigned);
afterAll(() => removeFolder(folder));

interface Delivery {
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
}

/** Runs the program, has one order told to the receiver, and looks at what came of it. */
async function tell(env: Readonly<Record<string, string>>, look: (delivery: Delivery) => unknown) {
  const program = await startProgram({
    DATA_DIR: join(folder, 'data'),
    WEBHOOK_NETWORKS: '127.0.0.0/8',
    ...env,
  });
  const ask = async <T>(path: string, body?: object) => {
    const response = await fetchPatiently(`${program.url}${path}`, body && keyedPost(body));
    return (await response.json()) as T;
  };
  try {
    const endpoint = await ask<{ id: string; secret: string }>('/admin/order/webhooks', {
      by: 'anna',
      reason: 'a test',
      url: `${receiver.url}/hook`,
    });
    await expect.poll(async () => (await ask<{ data: [] }>('/products')).data.length).toBeGreaterThan(0);
    const order = await ask<{ id: string }>('/orders', cart());
    const delivery = async () =>
      (await ask<{ data: Delivery[] }>(`/admin/order/deliveries?endpointId=${endpoint.id}`)).data.map(
        look,
      )[0];
    return { ...endpoint, orderId: order.id, delivery: await settled(delivery) };
  } finally {
    await program.end();
  }
}

/** The first answer that is one. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  let found: T | undefined;
  await expect
    .poll(async () => {
      found = await ask();
      return found;
    })
    .toBeTruthy();
  return found as T;
}

test('whose authority the program is told to trust', async () => {
  const { secret, orderId, delivery } = await tell(
    { NODE_EXTRA_CA_CERTS: trusted },
    ({ state, error }) => state !== 'pending' && { state, error },
  );
  expect(delivery).toEqual({ state: 'delivered', error: null });
  const [received] = receiver.received.splice(0);
  expect(received?.path).toBe('/hook');
  expect(new Webhook(secret).verify(received?.body ?? '', received?.headers ?? {})).toMatchObject({
    type: 'order.confirmed',
    data: { id: orderId },
  });
});

test('whose authority it does not know', async () => {
  const { delivery } = await tell({}, ({ state, error }) => error !== null && { state, error });
  expect(delivery).toEqual({ state: 'pending', error: 'no connection: DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(receiver.received).toEqual([]);
});
