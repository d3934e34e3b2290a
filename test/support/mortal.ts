/** A service that some words kill: it is run as a program of its own, `[database URL] [broker URL] [exchange]`. */
import * as v from 'valibot';
import { createMessaging, openDatabase, rabbit } from '../../src/outbox/index.ts';

const [databaseUrl = '', amqpUrl = '', exchange = ''] = process.argv.slice(2);
const handles = { say: v.object({ subject: v.string(), data: v.object({ word: v.string() }) }) };
const database = openDatabase({ url: databaseUrl, name: 'mortal' });
const broker = rabbit({ url: amqpUrl })({ exchange, queue: `${exchange}.mortal`, bindings: ['say'] });
const retry = { firstSeconds: 0.1, maxSeconds: 1, maxAttempts: 2 };
const messaging = createMessaging({ database, broker, source: '/mortal', retry });

await messaging.listen(handles, async ({ sql }, messages) => {
  for (const { id, data } of messages) {
    const { word } = data as { word: string };
    await sql`insert into effects values (${id}, ${word})`;
    if (word === 'die') process.kill(process.pid, 'SIGKILL');
  }
});
