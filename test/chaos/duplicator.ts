/** Somebody on the wire who sends what was sent once more, now or seconds later: copies, late and out of order. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Broker, rabbit } from '../../src/outbox/index.ts';
import type { Random } from './random.ts';

/** Of all packets, the copies' copies included. */
const share = 0.25;
const maxLateMs = 8_000;
const prefetch = 50;

export interface Duplicator {
  readonly copied: () => number;
  stop(): Promise<void>;
}

/** Copies packets of the types in `types`. */
export function startDuplicator(url: string, types: readonly string[], random: Random): Duplicator {
  const broker: Broker = rabbit({ url })({
    exchange: 'order-saga',
    queue: 'order-saga.duplicator',
    bindings: types,
  });
  let copied = 0;
  let stopping = false;
  const subscription = broker.subscribe({ prefetch }, async (delivery) => {
    delivery.acknowledge();
    if (stopping || random.next() >= share) return;
    await pause(random.between(0, maxLateMs));
    const content = JSON.parse(delivery.body.toString()) as { type: string } | { type: string }[];
    const routingKey = (Array.isArray(content) ? content[0] : content)?.type ?? '';
    const contentType = delivery.contentType ?? '';
    if (stopping) return;
    copied += 1;
    // A copy that is lost is one copy less.
    await broker.publish({ routingKey, contentType, body: delivery.body, mandatory: false }).catch(() => {});
  });
  return {
    copied: () => copied,
    async stop() {
      stopping = true;
      await subscription.cancel();
      await broker.close();
    },
  };
}
