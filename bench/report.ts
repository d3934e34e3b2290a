/** What was measured, in numbers that can be compared: median and spread, shares of a ceiling, a saved run beside this one. Pure. */

export type Unit =
  | 'orders/s'
  | 'messages/s'
  | 'rows/s'
  | 'ms'
  | 's'
  | 'MB'
  | 'orders'
  /** Processor time. */
  | 's/1,000 orders';

export interface Measure {
  readonly unit: Unit;
  /** One of each round, in their order. */
  readonly values: readonly number[];
}

export interface Run {
  readonly startedAt: string;
  /** Where it was measured, for people. */
  readonly machine: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, Measure>>;
}

/** What is known of a measure beforehand. */
export interface Expectation {
  /** To be reached, or not to be exceeded, as its unit has it. */
  readonly target?: number;
  /** The measure that says what this machine can do. */
  readonly ceiling?: string;
  /** To be reached of the ceiling, or not to be exceeded, as its unit has it. */
  readonly targetShare?: number;
}

const moreIsBetter = (unit: Unit) => unit.endsWith('/s');

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const next = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (middle === undefined || next === undefined) throw new Error('nothing was measured');
  return (middle + next) / 2;
}

/** The smallest value that `share` of all are not above. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

/** Takes values as they are measured. */
export function collect() {
  const measures: Record<string, { unit: Unit; values: number[] }> = {};
  return {
    measures,
    record(name: string, unit: Unit, value: number): void {
      measures[name] ??= { unit, values: [] };
      const measure = measures[name];
      if (measure.unit !== unit) throw new Error(`${name} is in ${measure.unit}, not in ${unit}`);
      measure.values.push(value);
    },
  };
}

export function summarize(values: readonly number[]) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Single values have no spread: less than this apart they are taken for the same. */
const likelyNoise = 0.1;

/** How the medians differ, and whether that is more than the rounds of one run differ among themselves. */
export function change(unit: Unit, before: readonly number[], now: readonly number[]) {
  const [a, b] = [summarize(before), summarize(now)];
  const share = a.median === 0 ? 0 : b.median / a.median - 1;
  const apart =
    before.length > 1 || now.length > 1
      ? a.most < b.least || b.most < a.least
      : Math.abs(share) >= likelyNoise;
  if (!apart) return { share, verdict: 'within the spread' as const };
  return { share, verdict: share > 0 === moreIsBetter(unit) ? ('better' as const) : ('worse' as const) };
}

/** Figures and, for a table of their own, what processes took for them. Nothing refused need not be said. */
export function apart(run: Run): { readonly figures: Run; readonly usage: Run } {
  const half = (wantsUsage: boolean): Run => ({
    ...run,
    measures: Object.fromEntries(
      Object.entries(run.measures).filter(
        ([name, { values }]) =>
          /: (processor|memory), /.test(name) === wantsUsage &&
          !(name.endsWith(': refused') && values.every((value) => value === 0)),
      ),
    ),
  });
  return { figures: half(false), usage: half(true) };
}

/** A table for people, in Markdown. */
export function tableOf(
  run: Run,
  expectations: Readonly<Record<string, Expectation>>,
  {
    before,
    shareOf: whole = 'the ceiling',
  }: { readonly before?: Run | undefined; readonly shareOf?: string } = {},
): string {
  const head = ['what', 'unit', 'median', 'spread', `of ${whole}`, 'target'];
  if (before) head.push('before', 'change');
  const rows = Object.entries(run.measures).map(([name, { unit, values }]) => {
    const { median, least, most } = summarize(values);
    const expectation = expectations[name] ?? {};
    const share = shareOf(run, values, expectation);
    const row = [
      name,
      unit,
      number(median),
      least === most ? '' : `${number(least)} – ${number(most)}`,
      share === undefined ? '' : percent(share),
      targetOf(unit, median, share, expectation),
    ];
    if (before) row.push(...against(unit, values, before.measures[name]));
    return row;
  });
  return markdown(head, rows);
}

function shareOf(run: Run, values: readonly number[], { ceiling }: Expectation): number | undefined {
  const measured = ceiling === undefined ? undefined : run.measures[ceiling];
  return measured && share(values, measured.values);
}

/** What part one is of the other, round by round: a machine that is slow for a minute is so for both. */
export function share(values: readonly number[], ceilings: readonly number[]): number {
  if (values.length !== ceilings.length) return median(values) / median(ceilings);
  return median(values.map((value, i) => value / (ceilings[i] ?? 0)));
}

function targetOf(
  unit: Unit,
  value: number,
  share: number | undefined,
  { target, targetShare }: Expectation,
): string {
  const wanted: string[] = [];
  let met = true;
  if (target !== undefined) {
    wanted.push(number(target));
    met = moreIsBetter(unit) ? value >= target : value <= target;
  }
  if (targetShare !== undefined && share !== undefined) {
    wanted.push(percent(targetShare));
    met &&= moreIsBetter(unit) ? share >= targetShare : share <= targetShare;
  }
  return wanted.length === 0 ? '' : `${wanted.join(' and ')}, ${met ? 'met' : 'missed'}`;
}

function against(unit: Unit, values: readonly number[], before: Measure | undefined): readonly string[] {
  if (before?.unit !== unit) return ['', ''];
  const { share, verdict } = change(unit, before.values, values);
  return [number(median(before.values)), `${share < 0 ? '' : '+'}${percent(share)}, ${verdict}`];
}

/** Two digits that mean something, all of those before the point. */
function number(value: number): string {
  const digits = value === 0 || value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

const toTheRight = /^(median|of .*|before)$/;

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const isRight = (i: number) => toTheRight.test(head[i] ?? '');
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isRight(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) => (isRight(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return `${[line(head), line(rule), ...rows.map(line)].join('\n')}\n`;
}
