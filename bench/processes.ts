/** What processes take of the machine, as Linux tells it under /proc; elsewhere nothing is measured. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The clock that /proc counts in; the same on every Linux. */
const ticksPerSecond = 100;
const sampleEveryMs = 500;

/** Processes that are one thing to whoever reads the table. */
export interface Group {
  readonly name: string;
  /** With its children, as PostgreSQL has them. */
  readonly pid: number;
}

export interface Usage {
  readonly group: string;
  readonly processorSeconds: number;
  readonly peakBytes: number;
}

export const isMeasurable = process.platform === 'linux';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

/** The command's name is in brackets and may hold anything; the state is the first field after it. */
function statOf(pid: number): { readonly parent: number; readonly seconds: number } | undefined {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  if (fields.length < 15) return undefined;
  // Its parent is the second, its time and its ended children's the 12th to 15th.
  const ticks = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  return { parent: Number(fields[1]), seconds: ticks / ticksPerSecond };
}

function childrenOf(pid: number): readonly number[] {
  const listed = read(`/proc/${pid}/task/${pid}/children`);
  if (listed) return listed.trim().split(' ').map(Number);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid);
}

export const parentOf = (pid: number): number | undefined => statOf(pid)?.parent;
export const nameOf = (pid: number): string => read(`/proc/${pid}/comm`).trim();

/** A process's and its children's, those included that have ended. */
export function processorSeconds(pid: number): number {
  const all = [pid, ...childrenOf(pid)];
  return all.reduce((sum, one) => sum + (statOf(one)?.seconds ?? 0), 0);
}

/** A line of /proc/pid/status, in bytes. */
function statusOf(pid: number, ...names: readonly string[]): readonly number[] {
  const status = read(`/proc/${pid}/status`);
  return names.map((name) => {
    const [, kb] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
    return Number(kb ?? 0) * 1_024;
  });
}

/**
 * The memory of a family: what each has for itself, and what they share once, as much as the one that has touched most of it. (The
 * kernel would say it exactly, but walks through all pages of all processes for it: a tenth of a core at two questions a second.)
 */
function memoryOf(pid: number): number {
  let own = 0;
  let shared = 0;
  let files = 0;
  for (const one of [pid, ...childrenOf(pid)]) {
    const [anonymous = 0, sharedMemory = 0, mapped = 0] = statusOf(one, 'RssAnon', 'RssShmem', 'RssFile');
    own += anonymous;
    shared = Math.max(shared, sharedMemory);
    files = Math.max(files, mapped);
  }
  return own + shared + files;
}

/** Watches until it is told to stop. A group whose peak the kernel keeps itself is exact, the others are sampled twice a second. */
export function watch(groups: readonly Group[]): { stop(): readonly Usage[] } {
  if (!isMeasurable) return { stop: () => [] };
  const exact = groups.map(({ pid }) => resetPeak(pid));
  const sampled = groups.map(({ pid }) => memoryOf(pid));
  const before = groups.map(({ pid }) => processorSeconds(pid));
  const timer = setInterval(() => {
    for (const [i, { pid }] of groups.entries())
      if (!exact[i]) sampled[i] = Math.max(sampled[i] ?? 0, memoryOf(pid));
  }, sampleEveryMs).unref();
  return {
    stop() {
      clearInterval(timer);
      return groups.map(({ name, pid }, i) => {
        const [peak = 0] = statusOf(pid, 'VmHWM');
        return {
          group: name,
          processorSeconds: processorSeconds(pid) - (before[i] ?? 0),
          peakBytes: exact[i] ? peak : (sampled[i] ?? 0),
        };
      });
    },
  };
}

/** The kernel's own record begins anew. False: it is not ours to reset, or the process has children, whose peaks came at other times. */
function resetPeak(pid: number): boolean {
  if (childrenOf(pid).length > 0) return false;
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}
