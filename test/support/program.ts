/** The program as its operator runs it: `node dist/main.js` with an environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export interface Program {
  /** The URL it said it serves. */
  readonly url: string;
  readonly pid: number;
  /** Everything it has written so far. */
  output(): string;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<Ended>;
  /** Ends it and resolves to its exit code; null if the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** What a program has written and how it ended. */
export interface Ended {
  /** Null: a signal has ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Which program is run, where, and what it is asked; `dist/main.js` in this folder, and to serve, unless told. */
interface Place {
  readonly bundle?: string;
  readonly cwd?: string;
  /** The command; `serve` unless told. */
  readonly args?: readonly string[];
}

/** Starts it and waits for nothing. */
export function launch(
  env: Readonly<Record<string, string>>,
  { bundle = resolve('dist/main.js'), cwd, args = [] }: Place,
) {
  const { PATH = '', HOME = '' } = process.env;
  const child: ChildProcess = spawn(process.execPath, [bundle, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd && { cwd }),
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, output }));
  return { child, ended, output: () => output, onOutput: (listener: () => void) => listeners.add(listener) };
}

/** Runs a command to its end. */
export const runProgram = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place: Place = {},
): Promise<Ended> => launch(env, { ...place, args }).ended;

/** Starts a server on a free port and resolves when it says that it serves. `env` as the operator would set it. */
export async function startProgram(
  env: Readonly<Record<string, string>>,
  place: Place = {},
): Promise<Program> {
  const { child, ended, output, onOutput } = launch({ PORT: '0', ...env }, place);
  const serving = new Promise<string>((found) => {
    const look = () => {
      const [, url] = /"event":"serving","url":"([^"]+)"|serves (\S+)/.exec(output())?.filter(Boolean) ?? [];
      if (url) found(url);
    };
    onOutput(look);
    look();
  });
  const url = await Promise.race([serving, ended]);
  if (typeof url !== 'string')
    throw new Error(`the program ended with ${url.code ?? url.signal} before it served:\n${url.output}`);
  return {
    url,
    pid: child.pid ?? 0,
    output,
    ended,
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return (await ended).code;
    },
  };
}
