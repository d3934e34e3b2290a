/** Waiting for what is not there yet: start order never matters. */
import { setTimeout as pause } from 'node:timers/promises';
import { isEnvironmental } from './outbox/index.ts';
import type { Log } from './telemetry/log.ts';

const firstPauseMs = 100;
const maxPauseMs = 2_000;
/** An operator who looks sees a fresh line; a log that nobody reads does not fill. */
const lineEveryMs = 10_000;

/**
 * Asks until the answer is true, with a line in the log now and then. Only the environment's failures are waited out: any other
 * is thrown. Stops with an `AbortError` when `signal` says so.
 */
export async function waitUntil(
  isThere: () => Promise<boolean>,
  options: { readonly what: string; readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  const { what, signal, log } = options;
  let nextLineMs = performance.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    let error: unknown;
    try {
      if (await isThere()) return;
    } catch (failure) {
      if (!isWaitable(failure)) throw failure;
      error = failure;
    }
    if (performance.now() >= nextLineMs) {
      log('info', `waiting for ${what}`, error === undefined ? {} : { error });
      nextLineMs = performance.now() + lineEveryMs;
    }
    await pause(pauseMs, undefined, { signal });
  }
}

/** Also what an operator may still put right: a database or a role that does not exist yet, a password not yet changed. */
function isWaitable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (
    isEnvironmental(error) || code === '3D000' || code === '28000' || code === '28P01' || code === '42501'
  );
}
