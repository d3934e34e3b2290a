/** Programs that are started again whenever they end, as a cluster does it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A cluster waits too, before it starts what has ended. */
const restartAfterMs = 200;

export interface Supervised {
  readonly name: string;
  /** How often it ended although nobody had sent it a signal, and with what. */
  readonly unexpected: string[];
  /** Sends a signal to the program that runs now. SIGKILL and SIGTERM end it, and it is started again. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it for good; its exit code. */
  stop(): Promise<number | null>;
}

/** Runs `node dist/main.js` with `env`; what it says is kept in `logFile`. */
export function supervise(name: string, env: Readonly<Record<string, string>>, logFile: string): Supervised {
  const log = createWriteStream(logFile);
  const unexpected: string[] = [];
  let child: ChildProcess;
  let stopping = false;
  let signalled = false;

  function start(): void {
    signalled = false;
    child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
    child.once('exit', async (code, signal) => {
      if (stopping) return;
      if (!signalled) unexpected.push(String(signal ?? code));
      await pause(restartAfterMs);
      if (!stopping) start();
    });
  }

  start();
  return {
    name,
    unexpected,
    signal(signal) {
      signalled ||= signal === 'SIGKILL' || signal === 'SIGTERM';
      child.kill(signal);
    },
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exited;
      log.end();
      return code;
    },
  };
}
