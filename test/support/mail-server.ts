/** A mail server that keeps what it is given and answers as the test says. */
import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { afterAll } from 'vitest';

export interface MailServer {
  readonly url: string;
  readonly port: number;
  readonly mails: { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
  /** What is answered where, as `['RCPT TO', 550, '5.1.1 nobody here']`; empty: everything is taken. */
  refuse: readonly [command: 'MAIL FROM' | 'RCPT TO' | 'DATA', code: number, text: string] | readonly [];
  /** Until it resolves, no mail is answered. */
  hold: Promise<void> | undefined;
  readonly passwords: string[];
}

/** Listens on loopback until the test file is done. `tls`: offers STARTTLS. */
export async function openMailServer({ tls = false } = {}): Promise<MailServer> {
  const mail: MailServer = { url: '', port: 0, mails: [], refuse: [], hold: undefined, passwords: [] };

  function answerTo(command: string): Error | null {
    const [refused, responseCode, text = ''] = mail.refuse;
    return refused === command ? Object.assign(new Error(text), { responseCode }) : null;
  }

  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    hideSTARTTLS: !tls,
    disableReverseLookup: true,
    onAuth({ username, password }, _, done) {
      mail.passwords.push(password ?? '');
      done(null, { user: username });
    },
    onMailFrom: (_, __, done) => done(answerTo('MAIL FROM')),
    onRcptTo: (_, __, done) => done(answerTo('RCPT TO')),
    async onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      mail.mails.push({
        from: envelope.mailFrom ? envelope.mailFrom.address : '',
        to: envelope.rcptTo.map(({ address }) => address),
        text: Buffer.concat(chunks).toString(),
      });
      await mail.hold;
      done(answerTo('DATA'));
    },
  });
  // Who hangs up in the middle is no concern of the server's.
  server.on('error', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  afterAll(() => void server.close(() => {}));
  const { port } = server.server.address() as { port: number };
  return Object.assign(mail, { port, url: `smtp://127.0.0.1:${port}` });
}
