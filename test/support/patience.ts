/** What a customer does who is told to come again (503): a machine that stands still for a second makes that of every door. */
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** Sooner than the answer says: tests are in a hurry. */
const comeAgainMs = 100;
/** Longer than anything that passes by itself takes. */
const patientMs = 30_000;

/**
 * Asks, and asks again while the answer is that it passes. What is sent like this and changes something has an Idempotency-Key:
 * after `outcome_unknown` it may have been done.
 */
export async function patiently(
  ask: () => Response | Promise<Response>,
  isPatient: (beganMs: number) => Promise<boolean> | boolean = () => true,
): Promise<Response> {
  const latestMs = performance.now() + patientMs;
  for (;;) {
    const beganMs = performance.now();
    const response = await ask();
    if (!(await passes(response)) || beganMs > latestMs || !(await isPatient(beganMs))) return response;
    await response.body?.cancel();
    await pause(comeAgainMs);
  }
}

async function passes(response: Response): Promise<boolean> {
  if (!response.headers.has('retry-after')) return false;
  const { code } = (await response.clone().json()) as { code?: string };
  // The second is for whoever sends the same again while the first is still under way.
  return response.status === 503 || code === 'request_in_progress';
}

export interface Stalls {
  /** Whether the machine has stood still since `beganMs`, or shortly before: what has piled up takes a moment. */
  since(beganMs: number): Promise<boolean>;
  /** For how long of that time it has. All times are as `performance.now()`. */
  lostMs(fromMs: number, toMs: number): Promise<number>;
  close(): Promise<void>;
}

/** A thread that does nothing else is awake every 20 ms, however busy the machine is; a quarter of a second is no queue for a processor. */
const wakesEveryMs = 20;
const standsStillMs = 250;
const pilesUpMs = 1_000;
/** In a ring, more than a test can live through. */
const maxStalls = 1_024;

/**
 * Watches for the machine standing still. A thread of its own: what keeps this one is its own doing. For tests in which a refusal
 * or a late answer is a finding, unless it is the machine's.
 */
export function watchStalls(): Stalls {
  /** When each began and ended. */
  const gaps = new Float64Array(new SharedArrayBuffer(2 * maxStalls * Float64Array.BYTES_PER_ELEMENT));
  const clock = 'Number(process.hrtime.bigint()) / 1e6';
  const offMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  const watch = `
    const { workerData: gaps } = require('node:worker_threads');
    let count = 0;
    let last = ${clock};
    setInterval(() => {
      const now = ${clock};
      if (now - last > ${standsStillMs}) gaps.set([last, now], 2 * (count++ % ${maxStalls}));
      last = now;
    }, ${wakesEveryMs});`;
  const worker = new Worker(watch, { eval: true, workerData: gaps });
  worker.unref();

  async function lostMs(fromMs: number, toMs: number): Promise<number> {
    // It wakes when everybody does: it may not have looked yet.
    await pause(5 * wakesEveryMs);
    let lost = 0;
    for (let n = 0; n < 2 * maxStalls; n += 2) {
      const [beganMs = 0, endedMs = 0] = gaps.subarray(n, n + 2).map((ms) => ms - offMs);
      lost += Math.max(0, Math.min(endedMs, toMs) - Math.max(beganMs, fromMs));
    }
    return lost;
  }

  return {
    lostMs,
    since: async (beganMs) => (await lostMs(beganMs - pilesUpMs, Infinity)) > 0,
    close: async () => void (await worker.terminate()),
  };
}
