/**
 * A ceiling: what one quorum queue takes from one channel, message by message, with 1,000 confirms in flight. It does not use the
 * program's code, and is not to be made faster.
 */
import { connect } from 'amqplib';

const seconds = Number(process.env['SECONDS'] ?? 3);
const inFlight = 1_000;
/** As a message of the program has them, envelope included. */
const bytes = 600;
const queue = 'order-saga.bench';

const connection = await connect(process.env['AMQP_URL'] ?? '', { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.deleteQueue(queue);
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
const body = Buffer.alloc(bytes, 'x');

const publish = () =>
  new Promise<void>((resolve, reject) => {
    channel.sendToQueue(queue, body, { persistent: true }, (error) => (error ? reject(error) : resolve()));
  });

/** Returns how many were confirmed. */
async function publishUntil(latestMs: number): Promise<number> {
  let confirmed = 0;
  const publisher = async () => {
    while (performance.now() < latestMs) {
      await publish();
      confirmed += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, publisher));
  return confirmed;
}

await publishUntil(performance.now() + 500);
const startMs = performance.now();
const confirmed = await publishUntil(startMs + seconds * 1_000);
const tookMs = performance.now() - startMs;
await channel.deleteQueue(queue);
await connection.close();
console.log(JSON.stringify({ perSecond: (confirmed / tookMs) * 1_000 }));
