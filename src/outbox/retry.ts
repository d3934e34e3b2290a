/** Pure: when is something that failed tried again, and when is it given up? */

export interface RetryPolicy {
  /** The first wait, in seconds; each further one is twice as long. */
  readonly firstSeconds: number;
  /** No wait is longer than this, in seconds. */
  readonly maxSeconds: number;
  /** After this many attempts it is dead: a person decides. */
  readonly maxAttempts: number;
}

export type Retry = { readonly inSeconds: number } | 'dead';

/**
 * Says what follows on the `attempts`-th failed attempt (1 is the first). `random` in [0, 1) spreads the waits over
 * [half, whole), so that what failed together does not come back together ("equal jitter", AWS Architecture Blog, 2015).
 */
export function nextRetry(policy: RetryPolicy, attempts: number, random: number): Retry {
  if (attempts >= policy.maxAttempts) return 'dead';
  const wait = Math.min(policy.firstSeconds * 2 ** (attempts - 1), policy.maxSeconds);
  return { inSeconds: (wait / 2) * (1 + random) };
}
