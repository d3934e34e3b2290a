/** The processes of a run: none of them is left behind, however the run ends. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Program, startProgram } from '../test/support/program.ts';

const alive = new Set<Program>();

export async function start(
  env: Readonly<Record<string, string>>,
  place: { readonly bundle?: string } = {},
): Promise<Program> {
  const program = await startProgram(env, place);
  alive.add(program);
  void program.ended.then(() => alive.delete(program));
  return program;
}

/** For a run that is broken off: at once, whatever they are doing. */
export async function killAll(): Promise<void> {
  await Promise.all([...alive].map((program) => program.end('SIGKILL')));
}

/** Runs a script to its end and returns what it said. Throws if it fails or takes longer than `withinSeconds`. */
export async function runScript(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  withinSeconds: number,
): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...args], {
      env: { PATH, HOME, ...env },
      timeout: withinSeconds * 1_000,
      maxBuffer: 64e6,
    });
    return stdout;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    const how =
      code === undefined || code === null ? `was ended after ${withinSeconds} s` : `ended with ${code}`;
    throw new Error(`${args.join(' ')} ${how}: ${(stderr + stdout).slice(0, 2_000)}`);
  }
}
