import { describe, expect, test } from 'vitest';
import { courseOf, type Outcome, retryPolicy } from './outcome.ts';

const failed: Outcome = { delivered: false, error: 'status 500' };

/** The waits of a delivery that always fails. */
function waits(random: number): number[] {
  const all: number[] = [];
  for (let attempts = 1; attempts < 100; attempts += 1) {
    const course = courseOf(failed, attempts, random);
    if (course.state !== 'pending') return all;
    all.push(course.waitSeconds);
  }
  throw new Error('it never gives up');
}

const hours = (random: number) => waits(random).reduce((sum, wait) => sum + wait, 0) / 3_600;

describe('what always fails', () => {
  test('is tried 19 times over a day, whatever the luck', () => {
    expect(waits(0.5)).toHaveLength(18);
    expect(hours(0.5)).toBeGreaterThan(24);
    expect(hours(0)).toBeGreaterThan(16);
    expect(hours(0.999)).toBeLessThan(36);
  });

  test('waits longer and longer, never twice the same where luck differs', () => {
    const [sober] = [waits(0.5)];
    for (const [i, wait] of sober.slice(1).entries()) expect(wait).toBeGreaterThanOrEqual(sober[i] ?? 0);
    expect(sober[0]).toBeLessThanOrEqual(10);
    expect(waits(0.1)[5]).not.toBe(waits(0.9)[5]);
  });
});

test('delivered is the end, and so is what is final', () => {
  expect(courseOf({ delivered: true }, 1, 0)).toEqual({ state: 'delivered', waitSeconds: null });
  for (const final of ['gone', 'refused'] as const)
    expect(courseOf({ ...failed, final }, 1, 0)).toEqual({ state: 'failed', waitSeconds: null });
});

test('who asks not to be called before is not, within reason', () => {
  const after = (notBeforeSeconds: number) => courseOf({ ...failed, notBeforeSeconds }, 1, 0).waitSeconds;
  expect(after(120)).toBe(120);
  expect(after(1)).toBe(5);
  expect(after(1_000_000)).toBe(retryPolicy.maxSeconds);
});
