/** A broker that does what a test tells it to: for what surrounds the port, not for the brokers behind it. */
import type { Broker, Delivery, Packet } from '../../src/outbox/index.ts';

export interface ScriptedBroker extends Broker {
  ready: boolean;
  /** What has been published, and how the test answers: by default every packet is confirmed at once. */
  readonly published: Packet[];
  answer: (packet: Packet) => Promise<void>;
  /** Hands packets to the subscriber; each resolves to what became of it. */
  deliver(...bodies: readonly unknown[]): Promise<('acknowledged' | 'requeued')[]>;
  /** How often somebody has subscribed and cancelled. */
  readonly subscriptions: { subscribed: number; cancelled: number };
}

export function createScriptedBroker(): ScriptedBroker {
  let onDelivery: ((delivery: Delivery) => void) | undefined;
  const open = new Set<(outcome: 'requeued') => void>();
  const broker: ScriptedBroker = {
    ready: true,
    published: [],
    answer: async () => {},
    subscriptions: { subscribed: 0, cancelled: 0 },
    onReady: (listener) => {
      listener();
      return () => {};
    },
    async publish(packet) {
      broker.published.push(packet);
      await broker.answer(packet);
    },
    subscribe(_, listener) {
      broker.subscriptions.subscribed += 1;
      onDelivery = listener;
      return {
        async cancel() {
          broker.subscriptions.cancelled += 1;
          onDelivery = undefined;
          for (const requeue of open) requeue('requeued');
          open.clear();
        },
      };
    },
    deliver: (...bodies) =>
      Promise.all(
        bodies.map(
          (body) =>
            new Promise<'acknowledged' | 'requeued'>((resolve) => {
              if (!onDelivery) throw new Error('nobody has subscribed');
              open.add(resolve);
              onDelivery({
                body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
                contentType: undefined,
                redelivered: false,
                receivedAt: new Date(),
                acknowledge: () => resolve('acknowledged'),
                requeue: () => resolve('requeued'),
              });
            }),
        ),
      ),
    close: async () => {},
  };
  return broker;
}
