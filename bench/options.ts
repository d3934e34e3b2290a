/** What the bench is asked for, and what is refused in one line. */
import { parseArgs } from 'node:util';

export const scenarios = ['ceilings', 'closed', 'open', 'accepted', 'drain', 'start'] as const;
export type Scenario = (typeof scenarios)[number];

export const processes = { one: 'one process', three: 'split in three', six: 'two of each' } as const;

export interface Options {
  readonly quick: boolean;
  readonly aged: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly Scenario[];
  readonly topologies: readonly (typeof processes)[keyof typeof processes][];
  readonly against: string | undefined;
  readonly out: string | undefined;
  readonly postgres: string | undefined;
  readonly rabbit: string | undefined;
  readonly minutes: number;
  readonly scale: number;
}

/** The command line cannot be meant so. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `How fast it is on this machine, with real PostgreSQL (fsync on) and RabbitMQ (quorum queues), on the same cores as the load.

Usage: npm run bench -- [options]

  --quick            a minute: orders/s beside what accepting alone makes; fails below a tenth of it
  --rounds N         how often everything is measured [5; 3 with --quick and --aged]
  --seconds N        how long each load lasts [10; 3 with --quick]
  --only LIST        ${scenarios.join(', ')} [all]
  --processes LIST   ${Object.entries(processes)
    .map(([name, topology]) => `${name} (${topology})`)
    .join(', ')} [all]
  --out FILE         where the figures are written as JSON [bench/results/<time>.json]
  --against FILE     a saved run that this one is compared with
  --postgres URL     a PostgreSQL whose role may create databases [a private one]
  --rabbit URL       a RabbitMQ of which the queues order-saga.* are its own [a private one]
  --aged             by hand: ten million inbox rows, five million orders and an old snapshot, against an empty database
  --minutes N        with --aged: how long the snapshot is kept open [10]
  --scale N          with --aged: a part of the rows, as 0.01 [1]
  --help
`;

const options = {
  quick: { type: 'boolean', default: false },
  aged: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  processes: { type: 'string' },
  against: { type: 'string' },
  out: { type: 'string' },
  postgres: { type: 'string' },
  rabbit: { type: 'string' },
  minutes: { type: 'string' },
  scale: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Throws `UsageError`. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const { quick, aged, against, out } = values;
  if (quick && aged) throw new UsageError('--quick and --aged are two things: keep one');
  return {
    quick,
    aged,
    against,
    out,
    rounds: number('--rounds', values.rounds ?? (quick || aged ? '3' : '5'), {
      least: 1,
      most: 100,
      whole: true,
    }),
    seconds: number('--seconds', values.seconds ?? (quick ? '3' : '10'), { least: 1, most: 600 }),
    only: list('--only', values.only, scenarios),
    topologies: list(
      '--processes',
      values.processes,
      Object.keys(processes) as (keyof typeof processes)[],
    ).map((name) => processes[name]),
    postgres: url('--postgres', values.postgres, ['postgres:', 'postgresql:']),
    rabbit: url('--rabbit', values.rabbit, ['amqp:', 'amqps:']),
    minutes: number('--minutes', values.minutes ?? '10', { least: 0, most: 60 }),
    scale: number('--scale', values.scale ?? '1', { least: 0.0001, most: 10 }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function number(
  name: string,
  text: string,
  { least, most, whole = false }: { least: number; most: number; whole?: boolean },
): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most) || (whole && !Number.isInteger(value)))
    throw new UsageError(`${name} must be a ${whole ? 'whole ' : ''}number, ${least} to ${most}`);
  return value;
}

function list<T extends string>(name: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  const wanted = text.split(',').map((word) => word.trim());
  const strange = wanted.find((word) => !(known as readonly string[]).includes(word));
  if (strange !== undefined)
    throw new UsageError(`${name} knows ${known.join(', ')}, not ${strange || 'nothing'}`);
  return known.filter((word) => wanted.includes(word));
}

/** Never told: it may hold a password. */
function url(name: string, text: string | undefined, protocols: readonly string[]): string | undefined {
  if (text !== undefined && !(URL.canParse(text) && protocols.includes(new URL(text).protocol)))
    throw new UsageError(
      `${name} must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
  return text;
}
