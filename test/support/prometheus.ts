/** Prometheus' expressions, as far as a test has to read them, and its own tool, which knows them all. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { install } from './debian.ts';

const program = '/usr/bin/promtool';

/** Whether it is there, installed if need be. If not, says so in one loud line; with `CI=true` that is a failure. */
export async function hasPromtool(): Promise<boolean> {
  if (existsSync(program) || (await install('prometheus', program))) return true;
  const line = 'promtool is missing, the alerts are not tested: install prometheus';
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
  return false;
}

/** Runs it, and tells how it ended and all that it wrote. */
export async function promtool(...args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { maxBuffer: 64 * 1_024 * 1_024 });
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { ok: false, output: stdout + stderr || String(error) };
  }
}

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** What an expression asks for. */
export interface Asked {
  readonly metrics: readonly { readonly name: string; readonly matchers: readonly Matcher[] }[];
  /** By which labels it puts together. */
  readonly groupedBy: readonly string[];
}

const words = new Set(['and', 'or', 'unless', 'bool', 'offset']);

export function readExpression(text: string): Asked {
  const groupedBy: string[] = [];
  const plain = text
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_, labels: string) => {
      groupedBy.push(...labels.split(',').map((label) => label.trim()));
      return '';
    })
    .replace(/\[[^\]]*\]/g, '');
  const metrics = [...plain.matchAll(/([a-zA-Z_][\w:]*)\s*(\{[^}]*\}|\()?/g)].flatMap(
    ([, name = '', next = '']) => {
      if (next === '(' || words.has(name)) return [];
      const matchers = [...next.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)];
      return [
        {
          name,
          matchers: matchers.map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
        },
      ];
    },
  );
  return { metrics, groupedBy };
}

/** What `/metrics` has answered: every name that may stand in an expression, with the labels of its samples. */
export function readMetrics(text: string): ReadonlyMap<string, readonly Readonly<Record<string, string>>[]> {
  const samples = new Map<string, Record<string, string>[]>();
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      samples.set(name + suffix, []);
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-zA-Z_]\w*)(?:\{(.*)\})? \S+$/gm))
    samples
      .get(name)
      ?.push(
        Object.fromEntries(
          [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]),
        ),
      );
  return samples;
}

export function isMatched(
  { label, operator, value }: Matcher,
  labels: Readonly<Record<string, string>>,
): boolean {
  const actual = labels[label] ?? '';
  const same = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
  return same !== operator.startsWith('!');
}
