/** What goes over the wire in simulated runs, retries and repairs included, is what the AsyncAPI document says. */
import { expect, test } from 'vitest';
import { asyncApiOf } from '../../src/asyncapi/document.ts';
import { moduleNames, readConfig } from '../../src/config.ts';
import type { Broker, Packet } from '../../src/outbox/index.ts';
import { createModule } from '../../src/service.ts';
import { createPacketJudge, type DescribedMessages } from '../support/asyncapi.ts';
import { runSeeds } from './seeds.ts';

const all = moduleNames.map((name) => createModule(name, readConfig('serve', {})));
const document = asyncApiOf({ all, of: all, version: 'test' }) as unknown as DescribedMessages;

test('every packet', { timeout: 120_000 }, async () => {
  const judge = createPacketJudge(document);
  const overheard = (broker: Broker): Broker => ({
    ...broker,
    get ready() {
      return broker.ready;
    },
    publish(packet: Packet) {
      judge.hear(packet);
      return broker.publish(packet);
    },
  });
  await runSeeds({ broker: 'forgetful', plant: { wires: { broker: overheard } } }, { from: 1, count: 500 });
  expect(judge.faults).toEqual([]);
  // A run sells what there is: nobody changes a product.
  const types = Object.keys(document.components.messages).filter((name) => !name.endsWith('.batch'));
  expect([...judge.heard].filter((name) => !name.endsWith('.batch')).sort()).toEqual(
    types.filter((type) => type !== 'product.changed').sort(),
  );
  expect([...judge.heard].some((name) => name.endsWith('.batch'))).toBe(true);
});
