/** Waiting for a state, in hooks and helpers too, where `expect.poll` cannot be used. */
import { setTimeout as pause } from 'node:timers/promises';

/** Soon at first, then more and more gently: many may wait at once, each for seconds. */
const firstPauseMs = 5;
const maxPauseMs = 100;

/** Asks until the answer is true. Throws after `timeoutMs`, naming what was waited for. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const latestMs = performance.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; !(await isSo()); pauseMs = Math.min(pauseMs * 1.2, maxPauseMs)) {
    if (performance.now() > latestMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await pause(pauseMs);
  }
}
