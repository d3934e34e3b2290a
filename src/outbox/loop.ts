/** A worker is `runOnce` plus a loop. Tests call `runOnce`; programs run the loop. */
import type { Observer } from './observe.ts';

/** Work that comes again and again, done in bounded portions. */
export interface Worker {
  /** What it is, for logs and metrics, as `outbox relay`. */
  readonly name: string;
  /** How long it rests when there was nothing more to do, in milliseconds. */
  readonly everyMs: number;
  /** Does at most one bounded portion and says whether more was waiting. */
  runOnce(): Promise<{ readonly more: boolean }>;
}

export interface Loop {
  start(): void;
  /** Do not rest any longer: there is work. Before the start it does nothing. */
  wake(): void;
  /** Starts nothing new and resolves when the portion in hand is done. */
  stop(): Promise<void>;
}

/** The longest rest after failures: long enough to spare a sick database, short enough to notice that it is well. */
const maxFailureRestMs = 30_000;

/** Runs a worker until stopped. After a failure it rests twice as long as before, up to 30 s; it never gives up. */
export function createLoop(worker: Worker, observer: Observer = {}): Loop {
  let running: Promise<void> | undefined;
  let stopping = false;
  let awake = false;
  let endRest = () => {};

  async function run() {
    let failures = 0;
    while (!stopping) {
      awake = false;
      let restMs = worker.everyMs;
      try {
        const { more } = await worker.runOnce();
        failures = 0;
        if (more) restMs = 0;
      } catch (error) {
        failures += 1;
        restMs = Math.min(worker.everyMs * 2 ** failures, Math.max(worker.everyMs, maxFailureRestMs));
        observer.failed?.({ what: worker.name, error, retryInMs: restMs });
      }
      if (!stopping && !awake && restMs > 0) await rest(restMs);
    }
  }

  function rest(ms: number) {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function wake() {
    awake = true;
    endRest();
  }

  return {
    start() {
      running ??= run();
    },
    wake,
    async stop() {
      stopping = true;
      wake();
      await running;
    },
  };
}
