/**
 * Time as a run decides it. While it is installed, the clock stands still until it is advanced, `Math.random` and ids are the run's own, and
 * `setImmediate` comes as soon as nothing else is to be done: the code under test needs no real time to pass.
 */
import type { Chance } from './chance.ts';

export interface VirtualTime {
  /** Since the start, in milliseconds. */
  elapsedMs(): number;
  advance(ms: number): void;
  /** Resolves when all that can go on without the run's help has gone on. */
  settled(): Promise<void>;
  /** Gives the program its own time back. */
  uninstall(): void;
}

/** Ids are made of the time and never go back: every run begins after the one before it. */
let latestMs = 0;
const pauseBetweenRunsMs = 1_000;

export function installVirtualTime(chance: Chance): VirtualTime {
  const real = {
    Date: globalThis.Date,
    now: performance.now,
    random: Math.random,
    setImmediate: globalThis.setImmediate,
    getRandomValues: crypto.getRandomValues,
    timeout: AbortSignal.timeout,
  };
  const startMs = Math.max(real.Date.now(), latestMs + pauseBetweenRunsMs);
  let nowMs = startMs;
  let immediates = 0;

  class VirtualDate extends real.Date {
    constructor(...value: readonly []) {
      super(...((value.length === 0 ? [nowMs] : value) as readonly [number]));
    }
    static override now = () => nowMs;
  }

  globalThis.Date = VirtualDate as DateConstructor;
  performance.now = () => nowMs - startMs;
  Math.random = chance.next;
  crypto.getRandomValues = ((bytes: Uint8Array) =>
    bytes.map((_, i) => (bytes[i] = chance.below(256)))) as typeof crypto.getRandomValues;
  globalThis.setImmediate = ((callback: () => void) => {
    immediates += 1;
    process.nextTick(() => {
      immediates += 1;
      callback();
    });
  }) as typeof setImmediate;
  // What takes too long is given up by the run, not by the clock on the wall.
  AbortSignal.timeout = () => new AbortController().signal;

  return {
    elapsedMs: () => nowMs - startMs,
    advance(ms) {
      nowMs += ms;
    },
    async settled() {
      // A tick comes when no promise has anything left to do. If an immediate was made or done meanwhile, there may be more.
      for (let before = -1; before !== immediates; ) {
        before = immediates;
        await new Promise<void>((resolve) => process.nextTick(resolve));
      }
    },
    uninstall() {
      latestMs = nowMs;
      globalThis.Date = real.Date;
      performance.now = real.now;
      Math.random = real.random;
      globalThis.setImmediate = real.setImmediate;
      crypto.getRandomValues = real.getRandomValues;
      AbortSignal.timeout = real.timeout;
    },
  };
}
