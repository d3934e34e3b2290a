/** The parent's side of the load generator. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

interface Common {
  /** Where orders are placed; spread over all of them. */
  readonly urls: readonly string[];
  /** One after the other, and from the first again. */
  readonly bodies: readonly string[];
  readonly seconds: number;
}

export type Job =
  | (Common & { readonly kind: 'closed'; readonly clients: number })
  | (Common & { readonly kind: 'open'; readonly perSecond: number });

export interface Outcome {
  /** Answered with 201. */
  readonly accepted: number;
  /** Answered with 503; of these those of which nobody could say yet whether they were accepted. */
  readonly refused: number;
  readonly inDoubt: number;
  /** Of an open loop: ids, and when each was due to be sent, in milliseconds since 1970. */
  readonly placed: readonly (readonly [id: string, dueMs: number])[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** The generator's own. */
  readonly processorSeconds: number;
}

export interface Generator {
  readonly pid: number;
  /** Orders of all runs so far of which nobody could say whether they were accepted. */
  readonly inDoubt: number;
  run(job: Job): Promise<Outcome>;
  close(): Promise<void>;
}

/** More than its job and the longest answer take: what hangs is ended. */
const spareMs = 60_000;

export function startGenerator(): Generator {
  const child = fork('dist/load.js', { serialization: 'advanced' });
  // A job for one that has ended is answered by `ended`.
  child.on('error', () => {});
  const ended = once(child, 'exit');
  let inDoubt = 0;
  return {
    pid: child.pid ?? 0,
    get inDoubt() {
      return inDoubt;
    },
    async run(job) {
      const timer = setTimeout(() => child.kill('SIGKILL'), job.seconds * 1_000 + spareMs);
      try {
        const answered = once(child, 'message');
        child.send(job);
        const gone = ended.then(([code, signal]) => {
          throw new Error(`the load generator ended with ${code ?? signal}`);
        });
        const [told] = (await Promise.race([answered, gone])) as [{ outcome?: Outcome; error?: string }];
        if (!told.outcome) throw new Error(`the load failed: ${told.error}`);
        inDoubt += told.outcome.inDoubt;
        return told.outcome;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
