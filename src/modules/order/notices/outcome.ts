/** What becomes of an attempt to deliver, whichever way it went; and when the next one is. Pure. */
import { nextRetry } from '../../../outbox/index.ts';

export type Channel = 'webhook' | 'email';

/** Errors are a status or a code and our own words: what somebody answered may repeat an address. */
export type Outcome =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      readonly error: string;
      /** `refused`: this one will never be taken. `gone`: the endpoint wants nothing any more. */
      readonly final?: 'refused' | 'gone';
      /** The receiver asks not to be called before, in seconds. */
      readonly notBeforeSeconds?: number;
    };

/** Takes an attempt to its end: rejects only when `signal` is aborted, and then it is not known what came of it. */
export type Send<Due> = (due: Due, signal: AbortSignal) => Promise<Outcome>;

/**
 * An endpoint that restarts is told within seconds, one that is down overnight is not lost: ten waits double from 10 s, then every four
 * hours; 19 attempts over a day, 17 hours by the worst of luck.
 */
export const retryPolicy = { firstSeconds: 10, maxSeconds: 4 * 3_600, maxAttempts: 19 };

/** What an attempt makes of its delivery; `attempts`: this one included, those before a replay not. */
export type Course =
  | { readonly state: 'delivered' | 'failed'; readonly waitSeconds: null }
  | { readonly state: 'pending'; readonly waitSeconds: number };

/** Says what follows on an attempt. `random` in [0, 1). */
export function courseOf(outcome: Outcome, attempts: number, random: number): Course {
  if (outcome.delivered) return { state: 'delivered', waitSeconds: null };
  const retry = nextRetry(retryPolicy, attempts, random);
  if (outcome.final || retry === 'dead') return { state: 'failed', waitSeconds: null };
  const notBefore = Math.min(outcome.notBeforeSeconds ?? 0, retryPolicy.maxSeconds);
  return { state: 'pending', waitSeconds: Math.max(retry.inSeconds, notBefore) };
}
