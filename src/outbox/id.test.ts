import { validate, version } from 'uuid';
import { expect, test } from 'vitest';
import { newId } from './id.ts';
import { timeOfId } from './retention.ts';

test('ids are UUIDv7, each greater than the one before, for longer than one fetch of chance lasts', () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, newId);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect([...new Set(ids)].sort()).toEqual(ids);
  expect(timeOfId(ids[0] ?? '')).toBeGreaterThanOrEqual(before);
});

test('what follows the time and the count is chance', () => {
  const tails = Array.from({ length: 1_000 }, () => newId().slice(-10));
  expect(new Set(tails).size).toBe(1_000);
});
