/** The whole of it: requests, messages, and a look at what is left. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { contract } from '../support/client.ts';
import type { Stalls } from '../support/patience.ts';
import { until } from '../support/until.ts';
import type { Prey } from './hunt.ts';
import { type AmqpInput, amqpInputs, type Queue, queues } from './messages.ts';
import { type Answer, type HttpInput, httpInputs, send } from './requests.ts';
import { examine } from './stored.ts';
import type { Target } from './target.ts';

/** How often something happened. */
export type Counts = Record<string, number>;

const count = (counts: Counts, what: string, times = 1) => {
  counts[what] = (counts[what] ?? 0) + times;
};

/** Two hundred orders, for the messages that are about one: most ended, some cancelled, some declined. */
export async function prepare(target: Target): Promise<void> {
  const cart = (n: number) => ({
    customerId: 'cus_1',
    lines: [{ sku: 'PEN-01', quantity: 1 }],
    paymentToken: n % 4 ? 'tok_visa' : 'tok_declined',
  });
  await until('orders are taken', async () => (await target.ask('/orders', cart(0))).status === 201);
  const ids: string[] = [];
  for (let n = 0; n < 200; n += 1) {
    const id = String((await target.ask('/orders', cart(n))).content['id']);
    if (n % 8 === 5) await target.ask(`/orders/${id}/cancel`, {});
    ids.push(id);
  }
  target.know(ids);
}

const inParallel = 64;
const askAgainMs = 200;

export function requests(target: Target, stalls: Stalls, counts: Counts): Prey<HttpInput> {
  /** A 503 is a finding, unless the machine stood still; or the question was whether it is ready, which it is a moment later. */
  async function answerTo(input: HttpInput): Promise<Answer> {
    for (let times = 1; ; times += 1) {
      const beganMs = performance.now();
      const answer = await send(target.url, input, target.lookUp);
      if (answer.status !== 503) return answer;
      const isReadiness = /^\/readyz\b/.test(answer.path ?? '') && times < 5;
      if (!isReadiness && !(await stalls.since(beganMs))) return answer;
      count(counts, '503, and asked again');
      await pause(askAgainMs);
    }
  }

  return {
    name: 'HTTP',
    inputs: httpInputs,
    async deliver(inputs) {
      let fault: string | undefined;
      const waiting = [...inputs.entries()];
      const client = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          const [, input] = next;
          try {
            const answer = await answerTo(input);
            count(counts, 'bytes' in input ? `raw ${answer.status ?? 'no answer'}` : String(answer.status));
            fault ??= await wrongAnswer(input, answer);
          } catch (error) {
            // What is too large is answered before it has all been read; the rest of it has nowhere to go.
            if (/EPIPE|ECONNRESET/.test(String(error)) && 'body' in input && input.body)
              count(counts, 'cut off');
            else fault ??= `${String(error)} at ${JSON.stringify(input).slice(0, 300)}`;
          }
        }
      };
      await Promise.all(Array.from({ length: inParallel }, client));
      return fault ?? target.misbehaved();
    },
  };
}

/** An answer is below 500 and as the document says, and a refusal says what it is about in the form that is promised. */
async function wrongAnswer(input: HttpInput, answer: Answer): Promise<string | undefined> {
  const { path = '', status, contentType, text } = answer;
  if (status === null) return 'bytes' in input ? undefined : 'no status';
  const told = `${status} ${contentType} ${text.slice(0, 300)}`;
  if (status >= 500) return told;
  if (!('bytes' in input) && /^(GET|HEAD|PUT|POST|DELETE)$/.test(input.method)) {
    const headers = { ...(contentType && { 'content-type': contentType }) };
    await contract.check(input.method, path, new Response(text === '' ? null : text, { status, headers }));
  }
  // Node's parser answers by itself what it cannot read.
  if ('bytes' in input || status < 400 || text === '' || input.method === 'HEAD') return undefined;
  if (contentType !== 'application/problem+json') return `no problem details: ${told}`;
  return (JSON.parse(text) as { status: number }).status === status
    ? undefined
    : `another status inside: ${told}`;
}

export function messages(target: Target, counts: Counts): Prey<AmqpInput> {
  return {
    name: 'AMQP',
    inputs: amqpInputs,
    async deliver(inputs) {
      for (const { queue, copies } of inputs) count(counts, queue, copies);
      await target.publish(inputs);
      const hangs = !(await target.caughtUp());
      const fault =
        (await target.misbehaved()) ?? (hangs ? 'a queue does not move on' : await blamed(target));
      if (fault !== undefined) await target.renew();
      return fault;
    },
  };
}

/** A message is refused because of what it says, in the library's words; anything else is a fault that it has found. */
async function blamed(target: Target): Promise<string | undefined> {
  for (const queue of queues) {
    const [row] = await target.look<{ error: string; message: string }>(
      queue,
      (sql) => sql`
        delete from inbox_failures where error not like 'DeadMessage: %' returning error, message::text`,
    );
    if (row) return `${queue}: ${row.error}: ${row.message.slice(0, 500)}`;
  }
  return undefined;
}

/** How each module has dealt with what it was told: ids it has taken in, failures by reason. */
export async function dealtWith(target: Target): Promise<Record<Queue, Counts>> {
  const outcome = {} as Record<Queue, Counts>;
  for (const queue of queues) {
    const counts: Counts = {};
    const [taken] = await target.look<{ ids: number }>(
      queue,
      (sql) => sql`select count(*)::int as ids from inbox where id::text like '%-7000-8000-%'`,
    );
    count(counts, 'accepted', taken?.ids);
    const failures = await target.look<{ error: string; seen: number }>(
      queue,
      (sql) => sql`select error, sum(seen)::int as seen from inbox_failures group by error`,
    );
    for (const { error, seen } of failures) count(counts, groupOf(error), seen);
    outcome[queue] = counts;
  }
  return outcome;
}

function groupOf(error: string): string {
  const text = error.replace(/^DeadMessage: /, '');
  if (/^\S+ cannot (be|answer)/.test(text)) return 'cannot be';
  return /^(not JSON|nested|no CloudEvent|type|the id|invalid|order)\b/.exec(text)?.[1] ?? error.slice(0, 80);
}

/** All has come to rest, what is stored is valid, and a customer who comes now is served. */
export async function aftermath(target: Target): Promise<Record<string, number>> {
  for (const queue of queues)
    await until(
      `${queue}'s outbox is empty`,
      async () => (await target.look(queue, (sql) => sql`select from outbox limit 1`)).length === 0,
      60_000,
    );
  expect(await target.caughtUp()).toBe(true);

  expect(
    (await target.ask('/products/AFTER-01', { name: 'After', unitPrice: 100, currency: 'EUR' }, 'PUT'))
      .status,
  ).toBe(201);
  expect((await target.ask('/products/AFTER-01/receipts', { quantity: 5 })).status).toBe(201);
  const cart = { customerId: 'cus_1', lines: [{ sku: 'AFTER-01', quantity: 2 }], paymentToken: 'tok_visa' };
  let id: unknown;
  await until('the order is taken', async () => {
    const { status, content } = await target.ask('/orders', cart);
    id = content['id'];
    return status === 201;
  });
  await until(
    'it is confirmed',
    async () => (await target.ask(`/orders/${id}`)).content['status'] === 'confirmed',
  );
  await until('it is paid', async () =>
    JSON.stringify((await target.ask(`/payments?orderId=${id}`)).content).includes('"captured"'),
  );
  await until('it is ready', async () => (await target.ask('/readyz')).status === 200);

  const { rows, faults } = await examine(target);
  expect(faults.slice(0, 20)).toEqual([]);
  return rows;
}
