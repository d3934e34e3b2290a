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
  /** Ends it and resolves to its exit code; null if the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** What a program has written and how it ended, for those that end by themselves. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Place {
  readonly bundle?: string;
  readonly cwd?: string;
}

function launch(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { bundle = resolve('dist/main.js'), cwd }: Place = {},
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
  const exited = once(child, 'close') as Promise<[number | null]>;
  return { child, exited, output: () => output, onOutput: (listener: () => void) => listeners.add(listener) };
}

/** Runs a command to its end. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { exited, output } = launch(args, env);
  const [code] = await exited;
  return { code, output: output() };
}

/** Starts `serve` on a free port and resolves when it says that it serves. `env` as the operator would set it. */
export async function startProgram(
  env: Readonly<Record<string, string>>,
  place: Place = {},
): Promise<Program> {
  const { child, exited, output, onOutput } = launch([], { PORT: '0', ...env }, place);
  const serving = new Promise<string>((found) => {
    const look = () => {
      const [, url] = /"event":"serving","url":"([^"]+)"|serves (\S+)/.exec(output())?.filter(Boolean) ?? [];
      if (url) found(url);
    };
    onOutput(look);
    look();
  });
  const ended = exited.then(([code]) => {
    throw new Error(`the program ended with ${code} before it served:\n${output()}`);
  });
  const url = await Promise.race([serving, ended]);
  ended.catch(() => {});
  return {
    url,
    pid: child.pid ?? 0,
    output,
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}
