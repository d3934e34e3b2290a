/**
 * Time as a run decides it. While it is installed, the clock stands still until it is advanced, `Math.random` is the run's own, and
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

/** The moment of the run, since 1970. Here, and the class with it, so that the engine compiles what uses it once, not for each run. */
let nowMs = 0;

class VirtualDate extends Date {
  constructor(value: number | string | Date = nowMs) {
    super(value);
  }
  static override now = () => nowMs;
}

/** What takes too long is given up by the run, not by the clock on the wall. */
const neverRings = (() => {}) as unknown as typeof setTimeout;

export function installVirtualTime(chance: Chance): VirtualTime {
  const real = {
    Date: globalThis.Date,
    now: performance.now,
    random: Math.random,
    setImmediate: globalThis.setImmediate,
    setTimeout: globalThis.setTimeout,
    stackTraceLimit: Error.stackTraceLimit,
  };
  const startMs = Math.max(real.Date.now(), latestMs + pauseBetweenRunsMs);
  let immediates = 0;

  nowMs = startMs;
  globalThis.Date = VirtualDate as DateConstructor;
  performance.now = () => nowMs - startMs;
  Math.random = chance.next;
  globalThis.setImmediate = ((callback: () => void) => {
    immediates += 1;
    process.nextTick(() => {
      immediates += 1;
      callback();
    });
  }) as typeof setImmediate;
  globalThis.setTimeout = neverRings;
  // Most errors of a run are part of its weather, and nobody reads where they come from.
  Error.stackTraceLimit = 0;

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
      globalThis.setTimeout = real.setTimeout;
      Error.stackTraceLimit = real.stackTraceLimit;
    },
  };
}
