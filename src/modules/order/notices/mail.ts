/** A delivery by e-mail: the one place that hands an address to anybody. */
import { createTransport } from 'nodemailer';
import { mailOf } from './content.ts';
import type { Outcome, Send } from './outcome.ts';
import type { DueDelivery } from './store.ts';

/** As many as are in hand at once. */
const maxConnections = 8;
/** To connect and to be greeted, and between two answers, in milliseconds: within the time of an attempt. */
const connectMs = 5_000;
const silenceMs = 10_000;

export interface MailSettings {
  /** As `smtp://user:password@mail.example.com:587`, or `smtps:`. */
  readonly url: string;
  /** As `shop@example.com`, or `The shop <shop@example.com>`. */
  readonly from: string;
}

export interface Mailer {
  readonly send: Send<DueDelivery>;
  close(): void;
}

/** Connections to the mail server are kept for a while. A password is told over TLS only. */
export function createMailer({ url, from }: MailSettings): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections,
    connectionTimeout: connectMs,
    dnsTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: silenceMs,
    ...(new URL(url).username !== '' && { requireTLS: true }),
    // What is said holds no files and no links to fetch; were it ever to, they would not be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^@>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

  return {
    async send(due, signal) {
      // An order's address never changes.
      if (due.email === null) return { delivered: false, error: 'no address', final: 'refused' };
      try {
        await transport.sendMail({
          ...mailOf(due),
          from,
          // Not parsed: a comma in it makes no second recipient.
          to: { name: '', address: due.email },
          // The same at every attempt: who gets it twice can see that it is one.
          messageId: `<${due.id}@${domain}>`,
          date: due.decidedAt,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
        return { delivered: true };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        return meaningOf(error);
      }
    },
    close: () => transport.close(),
  };
}

/** What a mail server says of its own accord may repeat the address: of its answer only the codes are kept. */
function meaningOf(error: unknown): Outcome {
  const { code, command, response, responseCode } = Object(error) as {
    readonly code?: string;
    readonly command?: string;
    readonly response?: string;
    readonly responseCode?: number;
  };
  const [answer] = /^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response ?? '') ?? [];
  if (answer === undefined) return { delivered: false, error: `no connection: ${code ?? 'failed'}` };
  const failed = { delivered: false, error: `the mail server answered ${answer.replace('-', ' ')}` } as const;
  // 5xx to the sender or to a password is our own mistake, which may be put right.
  const ofThisMail = command === 'RCPT TO' || code === 'EMESSAGE';
  return ofThisMail && (responseCode ?? 0) >= 500 ? { ...failed, final: 'refused' } : failed;
}
