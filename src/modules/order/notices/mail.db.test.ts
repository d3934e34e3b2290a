import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openMailServer } from '../../../../test/support/mail-server.ts';
import { openTelling } from '../../../../test/support/notices.ts';
import { until } from '../../../../test/support/until.ts';
import { createMailer } from './mail.ts';

const telling = await openTelling({ mails: true });
const { ask, database, deliver, deliverer, deliveries, delivery, ended, handOn, json, later } = telling;
const server = await openMailServer();
const from = 'The shop <shop@example.com>';
const mailer = createMailer({ url: server.url, from });
afterAll(() => mailer.close());
const jane = 'jane.doe@mail.example.com';

const events: object[] = [];
const attempts: object[] = [];
const poster = () =>
  deliverer({
    email: mailer.send,
    onEvent: (event, fields) => events.push({ event, ...fields }),
    onAttempt: (attempt) => attempts.push(attempt),
  });

beforeEach(() => {
  events.length = 0;
  attempts.length = 0;
  server.mails.length = 0;
  server.refuse = [];
  server.hold = undefined;
});

/** An order that has ended, its mail on its way. Returns the ids of order and delivery. */
async function mailed(email = jane) {
  const [orderId = ''] = await ended(1, email);
  await handOn();
  const [{ id = '' } = {}] = await deliveries();
  return { orderId, id };
}

describe('a mail', () => {
  test('reaches who has placed the order, in text and HTML', async () => {
    const { orderId, id } = await mailed();
    await deliver(poster());
    expect(server.mails).toMatchObject([{ from: 'shop@example.com', to: [jane] }]);
    const text = server.mails[0]?.text ?? '';
    expect(text).toMatch(/^From: "?The shop"? <shop@example\.com>\r$/m);
    expect(text).toContain(`Message-ID: <${id}@example.com>\r\n`);
    expect(text).toContain(`To: ${jane}\r\n`);
    expect(text).toContain('Auto-Submitted: auto-generated\r\n');
    expect(text.replaceAll(/\r\n\s+/g, ' ')).toContain(`Subject: Your order is cancelled (${orderId})`);
    for (const type of ['text/plain', 'text/html']) expect(text).toContain(`Content-Type: ${type}`);
    expect(await delivery(id)).toMatchObject({ channel: 'email', endpointId: null, state: 'delivered' });
    expect(attempts).toEqual([{ channel: 'email', outcome: 'delivered' }]);
  });

  test('is made only for an order that has an address', async () => {
    await ended();
    await handOn();
    expect(await deliveries()).toEqual([]);
  });

  test('goes to one recipient, whatever the address is like', async () => {
    await mailed('jane@mail.example.com,joe@mail.example.com');
    await deliver(poster());
    for (const { to } of server.mails) expect(to).toHaveLength(1);
    expect(attempts).toHaveLength(1);
  });

  test('that was not taken comes again with the same Message-ID', async () => {
    const { id } = await mailed();
    server.refuse = ['DATA', 451, `4.3.0 try ${jane} again later`];
    await deliver(poster());
    expect(await delivery(id)).toMatchObject({
      state: 'pending',
      error: 'the mail server answered 451 4.3.0',
    });
    server.refuse = [];
    await later();
    await deliver(poster());
    expect(await delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
    const ids = server.mails.map(({ text }) => /^Message-ID: (.*)\r$/m.exec(text)?.[1]);
    expect(ids).toEqual([`<${id}@example.com>`, `<${id}@example.com>`]);
  });

  test.each([
    ['RCPT TO', 550, 'failed'],
    ['RCPT TO', 450, 'pending'],
    ['DATA', 554, 'failed'],
    ['MAIL FROM', 553, 'pending'],
  ] as const)(
    'that is answered at %s with %i is %s, and the address is told nowhere',
    async (command, code, state) => {
      const { id } = await mailed();
      server.refuse = [command, code, `${String(code)[0]}.1.1 <${jane}>: no such user`];
      await deliver(poster());
      const seen = await delivery(id);
      expect(seen).toMatchObject({ state, error: `the mail server answered ${code} ${String(code)[0]}.1.1` });
      expect(events).toHaveLength(state === 'failed' ? 1 : 0);
      const kept = await database.query(
        (sql) => sql`select row_to_json(deliveries) as d, row_to_json(delivery_attempts) as a
        from deliveries join delivery_attempts on delivery_id = id`,
      );
      for (const told of [seen, events, attempts, kept]) expect(JSON.stringify(told)).not.toContain('jane');
    },
  );

  test('that was refused can be replayed by hand', async () => {
    const { id } = await mailed();
    server.refuse = ['RCPT TO', 550, 'no'];
    await deliver(poster());
    server.refuse = [];
    await json(ask('POST', `/deliveries/${id}/replay`, {}), 202);
    await deliver(poster());
    expect(await delivery(id)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  test('that is not answered in time has failed, and is left alone', async () => {
    const { id } = await mailed();
    let release = () => {};
    server.hold = new Promise((resolve) => {
      release = resolve;
    });
    await deliver(deliverer({ email: mailer.send, timeoutSeconds: 0.2 }));
    expect(await delivery(id)).toMatchObject({ state: 'pending', error: 'no answer in 0.2 s' });
    release();
  });

  test('waits where nobody sends mail, and for whoever does', async () => {
    const { id } = await mailed();
    await deliver(deliverer());
    expect(await delivery(id)).toMatchObject({ state: 'pending', attempts: 0 });
    await deliver(poster());
    expect((await delivery(id)).state).toBe('delivered');
  });
});

describe('a mail server', () => {
  test('that is away is tried again', async () => {
    const { id } = await mailed();
    const away = createMailer({ url: 'smtp://127.0.0.1:1', from });
    await deliver(deliverer({ email: away.send }));
    away.close();
    expect(await delivery(id)).toMatchObject({
      state: 'pending',
      error: expect.stringMatching(/^no connection: E/),
    });
  });

  test('learns no password without TLS', async () => {
    const { id } = await mailed();
    for (const one of [server, await openMailServer({ tls: true })]) {
      const careful = createMailer({ url: `smtp://user:secret@127.0.0.1:${one.port}`, from });
      await later();
      await deliver(deliverer({ email: careful.send }));
      careful.close();
      // The second has a certificate that nobody vouches for.
      expect(await delivery(id)).toMatchObject({
        state: 'pending',
        error: expect.stringMatching(/^no conn|50\d/),
      });
      expect(one.passwords).toEqual([]);
    }
    await until('the attempts are written', async () => (await delivery(id)).history.length === 2);
  });
});
