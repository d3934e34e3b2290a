/** Signatures by Standard Webhooks 1.0 (https://www.standardwebhooks.com): symmetric, `v1`. */
import { createHash, createHmac, randomBytes } from 'node:crypto';

const prefix = 'whsec_';
/** The standard wants 24 to 64; as many as SHA-256 has. */
const secretBytes = 32;

/** A new secret, as it is shown to who receives: `whsec_` and base64. */
export const newSecret = (): string => `${prefix}${randomBytes(secretBytes).toString('base64')}`;

/** What may be kept of a secret: it tells nothing but whether another is the same, as nobody can guess 32 bytes of chance. */
export const printOf = (secret: string): string =>
  `sha256:${createHash('sha256').update(secret).digest('base64')}`;

/** The headers that prove where `body` comes from and when it was sent: a signature for each secret, the newest first. */
export function signed(
  message: { readonly id: string; readonly at: Date; readonly body: string },
  secrets: readonly string[],
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = Math.floor(message.at.getTime() / 1_000);
  const signature = (secret: string) =>
    createHmac('sha256', Buffer.from(secret.slice(prefix.length), 'base64'))
      .update(`${message.id}.${timestamp}.${message.body}`)
      .digest('base64');
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${signature(secret)}`).join(' '),
  };
}
