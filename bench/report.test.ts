import { expect, test } from 'vitest';
import { apart, change, collect, median, percentile, type Run, share, summarize, tableOf } from './report.ts';

test('the median is the middle one, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(() => median([])).toThrow('nothing was measured');
});

test('a percentile is a value that occurred: the smallest that so many are not above', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile(values, 1)).toBe(200);
  expect(percentile([5], 0.99)).toBe(5);
});

test('values of one name are gathered; one name has one unit', () => {
  const { record, measures } = collect();
  record('drain', 'messages/s', 10);
  record('drain', 'messages/s', 30);
  expect(measures).toEqual({ drain: { unit: 'messages/s', values: [10, 30] } });
  expect(() => record('drain', 'ms', 1)).toThrow('drain is in messages/s');
});

test('a summary is median and spread', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
});

test('a change is one only where the spreads do not meet', () => {
  expect(change('orders/s', [100, 100, 120], [200, 200, 220])).toEqual({ share: 1, verdict: 'better' });
  expect(change('orders/s', [200, 200, 220], [100, 100, 110])).toEqual({ share: -0.5, verdict: 'worse' });
  expect(change('ms', [200, 210, 220], [100, 105, 110])).toMatchObject({ verdict: 'better' });
  expect(change('orders/s', [100, 110, 120], [119, 121, 130])).toMatchObject({
    verdict: 'within the spread',
  });
});

test('one value has no spread to meet: less than a tenth apart is no change', () => {
  expect(change('ms', [100], [105])).toMatchObject({ verdict: 'within the spread' });
  expect(change('ms', [100], [120])).toMatchObject({ verdict: 'worse' });
});

test('a share is that of the same round: both are slow when the machine is', () => {
  expect(share([50, 100, 60], [100, 200, 100])).toBe(0.5);
  expect(share([50, 100], [100, 200, 300])).toBe(75 / 200);
});

const run = (measures: Run['measures']): Run => ({
  startedAt: '2026-03-01T12:00:00.000Z',
  machine: {},
  measures,
});

test('the table shows median, spread, share of the ceiling, target and whether it was met', () => {
  const table = tableOf(
    run({
      'ceiling: accept-only': { unit: 'orders/s', values: [4_000, 4_200, 3_800] },
      'to the end': { unit: 'orders/s', values: [3_000, 2_800, 3_100] },
      'placed to confirmed': { unit: 'ms', values: [12.34] },
    }),
    {
      'to the end': { target: 2_500, ceiling: 'ceiling: accept-only', targetShare: 0.8 },
      'placed to confirmed': { target: 10 },
    },
  );
  expect(table).toBe(`\
| what                 | unit     | median | spread        | of the ceiling | target                 |
| -------------------- | -------- | -----: | ------------- | -------------: | ---------------------- |
| ceiling: accept-only | orders/s |  4,000 | 3,800 – 4,200 |                |                        |
| to the end           | orders/s |  3,000 | 2,800 – 3,100 |           75 % | 2,500 and 80 %, missed |
| placed to confirmed  | ms       |     12 |               |                | 10, missed             |
`);
});

test('beside a saved run it shows what that had, and what has changed', () => {
  const before = run({ drain: { unit: 'messages/s', values: [10_000, 11_000, 12_000] } });
  const now = run({
    drain: { unit: 'messages/s', values: [22_000, 22_000, 22_000] },
    start: { unit: 'ms', values: [5] },
  });
  const lines = tableOf(now, {}, { before }).split('\n');
  expect(lines[0]).toContain('| before | change');
  expect(lines[2]).toContain('| 11,000 | +100 %, better |');
  expect(lines[3]).toMatch(/\| start .*\| +\| +\|$/);
});

test('of a time, a share is not to be exceeded', () => {
  const times = run({ empty: { unit: 'ms', values: [20] }, aged: { unit: 'ms', values: [21] } });
  const verdict = (targetShare: number) =>
    tableOf(times, { aged: { ceiling: 'empty', targetShare } }, { shareOf: 'empty' });
  expect(verdict(1.1)).toMatch(/\| +105 % \| 110 %, met/);
  expect(verdict(1)).toContain('100 %, missed');
  expect(verdict(1)).toContain('of empty');
});

test('what processes took has a table of its own; what was never refused is not told', () => {
  const { figures, usage } = apart(
    run({
      'to the end': { unit: 'orders/s', values: [1] },
      '64 clients: processor, program': { unit: 's/1,000 orders', values: [1] },
      '64 clients: memory, program': { unit: 'MB', values: [1] },
      '50/s: refused': { unit: 'orders', values: [0, 0] },
      '200/s: refused': { unit: 'orders', values: [0, 3] },
    }),
  );
  expect(Object.keys(figures.measures)).toEqual(['to the end', '200/s: refused']);
  expect(Object.keys(usage.measures)).toHaveLength(2);
});

test('numbers have as many digits as they mean something', () => {
  const table = tableOf(
    run({
      a: { unit: 'ms', values: [0.4567] },
      b: { unit: 's', values: [4.567] },
      c: { unit: 'MB', values: [45.67] },
      d: { unit: 'orders', values: [0] },
    }),
    {},
  );
  expect(table.match(/ [\d.]+ (?=\|)/g)?.map((text) => text.trim())).toEqual(['0.46', '4.6', '46', '0']);
});
