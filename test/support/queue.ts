/** What lies in a module's queue: `messageCount` are those that nobody has been given yet. */
import { connect } from 'amqplib';

export async function queueOf(amqpUrl: string, module: string) {
  const connection = await connect(amqpUrl);
  try {
    return await (await connection.createChannel()).checkQueue(`order-saga.${module}`);
  } finally {
    await connection.close();
  }
}
