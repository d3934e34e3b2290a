/** Waiting for a state, in hooks and helpers too, where `expect.poll` cannot be used. */
import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is true. Throws after `timeoutMs`, naming what was waited for. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const latestMs = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > latestMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await pause(10);
  }
}
