/** Every documented example is sent to a running shop: those of the OpenAPI document, and every `curl` of the pages. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contract, fetchPatiently } from './support/client.ts';
import { pointerOf } from './support/contract.ts';
import { blocksOf } from './support/documented.ts';
import { hear } from './support/events.ts';
import { openReceiver } from './support/receiver.ts';
import { cart, openShop, type Shop } from './support/shop.ts';
import { until } from './support/until.ts';

/** What stands for the words of the examples. */
interface Given {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const receiver = await openReceiver();
let shop: Shop;
let url: string;
beforeAll(async () => {
  // So long an order waits below for its payment.
  shop = await openShop('embedded', '', { GATEWAY_TIMEOUT_SECONDS: '5', WEBHOOK_NETWORKS: '127.0.0.1/32' });
  await shop.opened();
  url = shop.urls.order[0] ?? '';
});
afterAll(() => shop.stop());

const post = async (path: string, body: object) =>
  (await (await shop.ask('order', path, body)).json()) as Record<string, string>;
const account = { by: 'anna', reason: 'a test' };

const placed = async () => (await shop.place()).id;
const pending = async () => {
  const { id } = await shop.place(cart('PEN-01', 1, 'tok_timeout'));
  await until('it waits for its payment', async () => (await shop.find(id)).step === 'authorizing_payment');
  return id;
};
const ended = async () => (await shop.ended(await placed())).id;
const endpoint = async () =>
  (await post('/admin/order/webhooks', { ...account, url: receiver.url }))['id'] ?? '';
const delivered = async () => {
  await endpoint();
  await ended();
  const list = async () =>
    (await (await shop.ask('order', '/admin/order/deliveries?state=delivered')).json()) as {
      data: { id: string }[];
    };
  await until('it is delivered', async () => (await list()).data.length > 0);
  return (await list()).data[0]?.id ?? '';
};
/** A message that nobody can handle. */
const failed = async (module: string, type: string) => {
  await shop.say(type, uuidv7());
  const list = async () =>
    (await (await shop.ask('order', `/admin/${module}/failures`)).json()) as {
      data: { exampleIds: string[] }[];
    };
  await until('it has failed', async () => (await list()).data.length > 0);
  return (await list()).data[0]?.exampleIds[0] ?? '';
};
const etagOf = async (path: string) => (await shop.ask('order', path)).headers.get('etag') ?? '';

const nothing = async (): Promise<readonly Given[]> => [{}];
const at = (id: () => Promise<string>) => async (): Promise<readonly Given[]> => [
  { path: { id: await id() } },
];
/** As it is, and as whoever asks has it already. */
const twice = (pathOf: (value: string) => string, name: string, value: () => Promise<string>) => async () => {
  const path = { [name]: await value() };
  const etag = await etagOf(pathOf(path[name] ?? ''));
  return [{ path }, { path, headers: { 'If-None-Match': etag } }];
};

/** How each operation is asked; the document's own examples are the bodies. */
const asked: Readonly<Record<string, () => Promise<readonly Given[]>>> = {
  placeOrder: nothing,
  listOrders: nothing,
  findOrder: twice((id) => `/orders/${id}`, 'id', ended),
  findTimeline: at(ended),
  cancelOrder: at(pending),
  followOrder: async () => {
    const id = await ended();
    // More steps than an order without trouble has.
    const last = (await (await shop.ask('order', `/orders/${id}/timeline`)).json()) as { steps: object[] };
    return [{ path: { id } }, { path: { id }, headers: { 'Last-Event-ID': String(last.steps.length) } }];
  },
  followCustomer: async () => {
    await placed();
    return [{ query: 'customerId=cus_1' }];
  },
  expireDeadline: at(pending),
  registerWebhook: nothing,
  listWebhooks: nothing,
  findWebhook: at(endpoint),
  deleteWebhook: async () => [{ path: { id: await endpoint() }, query: 'by=anna&reason=a+test' }],
  rotateWebhook: at(endpoint),
  enableWebhook: at(endpoint),
  replayWebhook: at(endpoint),
  listDeliveries: nothing,
  findDelivery: at(delivered),
  replayDelivery: at(delivered),
  listNotices: nothing,
  listProducts: nothing,
  findProduct: twice(
    (sku) => `/products/${sku}`,
    'sku',
    async () => 'RARE-01',
  ),
  putProduct: async () => [{ path: { sku: 'MUG-01' } }, { path: { sku: `NEW-${uuidv7()}` } }],
  receiveGoods: async () => [{ path: { sku: 'MUG-01' } }],
  listPayments: nothing,
  audit: nothing,
  livez: nothing,
  readyz: nothing,
  metrics: nothing,
  listProblems: nothing,
  findProblem: async () => [{ path: { code: 'forbidden' } }],
  asyncApi: nothing,
  openApi: nothing,
  docs: nothing,
  docsFile: async () => [{ path: { file: 'page.js' } }],
  ...Object.fromEntries(
    [
      ['order', 'Order', 'stock.reserved'],
      ['stock', 'Stock', 'stock.reserve'],
      ['payment', 'Payment', 'payment.authorize'],
    ].flatMap(([module = '', name, type = '']) => [
      [`list${name}Outbox`, nothing],
      [
        `list${name}Failures`,
        async () => {
          await failed(module, type);
          return [{}];
        },
      ],
      [`find${name}Failure`, at(() => failed(module, type))],
      [`redrive${name}Failures`, nothing],
      [`discard${name}Failures`, nothing],
      [`read${name}Facts`, nothing],
    ]),
  ),
};

/** Days of the examples lie behind those who read them: nothing is replayed that was a month ago. */
const ofToday = (body: unknown) =>
  JSON.stringify(body)?.replace(/(?<="since":")[^"]+/, new Date(Date.now() - 86_400_000).toISOString());

async function hearOne(path: string, response: Response): Promise<void> {
  const stream = hear(response);
  const content = ['paths', path, 'get', 'responses', '200', 'content', 'text/event-stream'];
  expect(contract.faultsOf(pointerOf(...content, 'x-itemSchema'), (await stream.next())?.data)).toBe('');
  await stream.leave();
}

describe('the OpenAPI document', () => {
  test('has no operation that is not asked here', () => {
    const named = contract.operations.map(({ operation }) => operation.operationId);
    expect(Object.keys(asked).sort()).toEqual(named.sort());
  });

  test.each(contract.operations)('$operation.operationId', async ({ method, path, operation }) => {
    const { requestBody, parameters = [], responses } = operation;
    const examples = Object.values(requestBody?.content['application/json']?.examples ?? {});
    const bodies = requestBody ? examples.map(({ value }) => value) : [undefined];
    expect(bodies.length).toBeGreaterThan(0);
    const headers = Object.fromEntries(
      parameters.flatMap(({ in: place, name, schema }) =>
        place === 'header' ? [[name, schema.examples?.[0] ?? '']] : [],
      ),
    );
    const seen = new Set<string>();
    // Each body, and the first one once more with every header that is documented.
    const ways = [...bodies.map((body) => ({ body, more: {} })), { body: bodies[0], more: headers }];
    for (const { body, more } of ways)
      for (const given of (await asked[operation.operationId]?.()) ?? []) {
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => given.path?.[name] ?? '');
        const response = await fetchPatiently(`${url}${filled}${given.query ? `?${given.query}` : ''}`, {
          method: method.toUpperCase(),
          headers: { 'content-type': 'application/json', ...more, ...given.headers },
          ...(body !== undefined && { body: ofToday(body) }),
        });
        seen.add(String(response.status));
        if (response.headers.get('content-type') === 'text/event-stream') await hearOne(path, response);
        else await response.body?.cancel();
      }
    // Whatever it may answer with when all goes well, and nothing else; that a process is not ready is not to be had here.
    const good = Object.keys(responses).filter((status) => Number(status) < 400);
    expect([...seen].sort()).toEqual(good);
  });
});

describe('every curl', () => {
  async function run(command: string, words: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const text = Object.entries(words).reduce(
      (all, [name, value]) => all.replaceAll(`{${name}}`, value),
      command,
    );
    const { stdout } = await promisify(execFile)('sh', ['-euc', text.replaceAll('curl ', 'curl -f ')]);
    return JSON.parse(stdout);
  }

  const here = (command: string) => command.replaceAll('http://127.0.0.1:3000', url).replaceAll('...', url);
  const commandsOf = (page: string, fence: RegExp) =>
    blocksOf(page).flatMap(({ info, text }) =>
      fence.test(info) ? text.split(/\n(?=curl)/).filter((one) => one.startsWith('curl')) : [],
    );

  test('of docs/webhooks.md', async () => {
    const [register = '', list = '', find = '', again = '', missed = '', ...rest] = commandsOf(
      'docs/webhooks.md',
      /^sh$/,
    ).map(here);
    expect(rest).toEqual([]);
    expect(await run(register)).toMatchObject({ secret: expect.stringMatching(/^whsec_/) });
    const id = await delivered();
    expect(await run(list)).toMatchObject({ data: expect.any(Array) });
    expect(await run(find, { id })).toMatchObject({ id, state: 'delivered' });
    expect(await run(again, { id })).toMatchObject({ id });
    expect(await run(ofTodayIn(missed), { id: await endpoint() })).toMatchObject({ more: false });
  });

  const ofTodayIn = (command: string) =>
    command.replace(/(?<="since":")[^"]+/, new Date(Date.now() - 86_400_000).toISOString());

  test('that the README has within a sentence', async () => {
    const readme = readFileSync('README.md', 'utf8');
    const [cancel = '', products = '', payments = '', ...rest] = [...readme.matchAll(/`(curl [^`]+)`/g)].map(
      ([, command = '']) => here(command),
    );
    expect(rest).toEqual([]);
    expect(await run(cancel, { id: await pending() })).toMatchObject({ status: 'cancelled' });
    expect(await run(products)).toMatchObject({ nextCursor: null });
    const id = await ended();
    // It has ended when it is confirmed; its money is taken a moment later.
    const state = async () =>
      ((await run(payments, { id })) as { data: { status: string }[] }).data[0]?.status;
    await expect.poll(state).toBe('captured');
  });

  test('is on a page whose commands are run', () => {
    // Not what others have written, which is a hundred times as much.
    const own = readdirSync('.').filter((name) => !/^(\.|node_modules$)/.test(name));
    const pages = own
      .flatMap((name) =>
        statSync(name).isDirectory()
          ? readdirSync(name, { recursive: true, encoding: 'utf8' }).map((path) => join(name, path))
          : [name],
      )
      .filter((path) => path.endsWith('.md'));
    const withCurl = pages.filter((page) => blocksOf(page).some(({ text }) => /^curl|\bcurl -/m.test(text)));
    // The README's by `readme.e2e.test.ts` and `client.e2e.test.ts`, the operator's by `operations.e2e.test.ts`.
    expect(withCurl.sort()).toEqual(['README.md', 'docs/operations.md', 'docs/webhooks.md']);
  });
});
