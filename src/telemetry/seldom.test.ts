import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seldom } from './seldom.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first is told at once, those of a second together, and after a quiet second all begins anew', () => {
  const told: object[] = [];
  const tell = seldom((fields) => told.push(fields));
  tell({ n: 1 });
  expect(told).toEqual([{ n: 1 }]);
  for (let n = 2; n <= 1_000; n += 1) tell({ n });
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([{ n: 1 }, { n: 1_000, times: 999 }]);
  tell({ n: 1_001 });
  vi.advanceTimersByTime(1_000);
  expect(told.at(-1)).toEqual({ n: 1_001, times: 1 });
  vi.advanceTimersByTime(5_000);
  expect(told).toHaveLength(3);
  tell({ n: 1_002 });
  expect(told.at(-1)).toEqual({ n: 1_002 });
});
