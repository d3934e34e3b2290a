import { expect, test } from 'vitest';
import { nextRetry } from './retry.ts';

const policy = { firstSeconds: 10, maxSeconds: 60, maxAttempts: 5 };

test('each wait is twice the one before, between its half and its whole, up to the longest', () => {
  const shortest = [1, 2, 3, 4].map((attempts) => nextRetry(policy, attempts, 0));
  const longest = [1, 2, 3, 4].map((attempts) => nextRetry(policy, attempts, 1));
  expect(shortest).toEqual([{ inSeconds: 5 }, { inSeconds: 10 }, { inSeconds: 20 }, { inSeconds: 30 }]);
  expect(longest).toEqual([{ inSeconds: 10 }, { inSeconds: 20 }, { inSeconds: 40 }, { inSeconds: 60 }]);
});

test('the last attempt is the last', () => {
  expect(nextRetry(policy, 5, 0)).toBe('dead');
  expect(nextRetry(policy, 6, 0)).toBe('dead');
});

test('without a last attempt it goes on for ever, however large the exponent', () => {
  const forEver = { ...policy, maxAttempts: Number.POSITIVE_INFINITY };
  expect(nextRetry(forEver, 100_000, 0.5)).toEqual({ inSeconds: 45 });
});
