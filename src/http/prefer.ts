/** `Prefer: wait=N` (RFC 7240): a client that would rather wait for the outcome than ask for it. */
import type { Context } from 'hono';

/** Longer than any saga that goes well; proxies cut what is silent for a minute. */
const maxWaitSeconds = 30;

/** How long the client would wait, in whole seconds, at most 30; 0: not at all. What cannot be read is no preference. */
export function preferredWaitSeconds(c: Context): number {
  const [, seconds = '0'] =
    /(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,9})"?\s*(?:$|[,;])/i.exec(c.req.header('prefer') ?? '') ?? [];
  return Math.min(Number(seconds), maxWaitSeconds);
}

/** Says that it was waited for. */
export function waited(c: Context, seconds: number): void {
  c.header('preference-applied', `wait=${seconds}`);
}
