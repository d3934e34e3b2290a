/** Whatever is sent, over HTTP or AMQP: no 5xx, no crash, nothing stored that is not valid, and then a normal order. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openNode } from '../support/node.ts';
import { type Stalls, watchStalls } from '../support/patience.ts';
import { aftermath, type Counts, dealtWith, messages, prepare, requests } from './barrage.ts';
import { hunt, seedFromOutside } from './hunt.ts';
import { queues } from './messages.ts';
import { openTarget, type Target } from './target.ts';

const node = await openNode();
afterAll(() => node.close());

const seed = Number(seedFromOutside ?? Date.now() % 2 ** 31);
const inputs = Number(process.env['FUZZ_INPUTS'] ?? 100_000);

const report = (what: string, counts: object) => process.stdout.write(`${what} ${JSON.stringify(counts)}\n`);

describe.skipIf(node.url === undefined)(`bad input, FUZZ_SEED=${seed}`, () => {
  let target: Target;
  let stalls: Stalls;

  beforeAll(async () => {
    stalls = watchStalls();
    target = await openTarget(node.url ?? '', stalls);
    await prepare(target);
  });
  afterAll(() => Promise.all([target.close(), stalls.close()]));

  test(`${inputs} HTTP requests`, async () => {
    const counts: Counts = {};
    await hunt(requests(target, stalls, counts), { count: inputs, seed });
    report('HTTP answers', counts);
    // The mix is real: much is accepted, and every kind of refusal is met.
    const accepted = Object.entries(counts).reduce(
      (sum, [status, times]) => sum + (/^20/.test(status) ? times : 0),
      0,
    );
    expect(accepted).toBeGreaterThan(inputs / 5);
    for (const status of ['201', '200', '202', '400', '404', '405', '409', '413', '415', '422', 'raw 400'])
      expect(counts[status] ?? 0, status).toBeGreaterThan(inputs / 10_000);
  });

  test(`${inputs} AMQP messages`, async () => {
    const counts: Counts = {};
    await hunt(messages(target, counts), { count: inputs, seed });
    const outcome = await dealtWith(target);
    report('AMQP messages', { sent: counts, ...outcome });
    for (const queue of queues) {
      expect(outcome[queue]['accepted'] ?? 0).toBeGreaterThan(inputs / 3 / 5);
      for (const reason of ['not JSON', 'no CloudEvent', 'type', 'the id', 'invalid', 'cannot be'])
        expect(outcome[queue][reason] ?? 0, `${queue}: ${reason}`).toBeGreaterThan(inputs / 10_000);
    }
  });

  test('then all is at rest, valid and well', async () => {
    report('rows', await aftermath(target));
    expect(await target.end()).toEqual({ code: 0, left: [0, 0, 0] });
  });
});
