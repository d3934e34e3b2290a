import { expect, test } from 'vitest';
import { createSweeps } from './sweep.ts';

const sweeps = () => {
  const clock = { ms: 5_000 };
  const begin = createSweeps(() => clock.ms);
  return { begin, pass: (seconds: number) => (clock.ms += seconds * 1_000) };
};

test('the first one looks for all that is due, until it has been done', () => {
  const { begin, pass } = sweeps();
  expect(begin().lastSeconds).toBeNull();
  pass(1);
  const second = begin();
  expect(second.lastSeconds).toBeNull();
  second.done();
  expect(begin().lastSeconds).not.toBeNull();
});

test('the next ones go back to the begin of the last one that was done, and a little further', () => {
  const { begin, pass } = sweeps();
  const first = begin();
  pass(2);
  first.done();
  expect(begin().lastSeconds).toBe(13);
  pass(3);
  expect(begin().lastSeconds).toBe(16);
  begin().done();
  pass(1);
  expect(begin().lastSeconds).toBe(12);
});

test('once in 30 s one looks for all that is due, whatever was done meanwhile', () => {
  const { begin, pass } = sweeps();
  begin().done();
  for (let second = 0; second < 29; second += 1) {
    pass(1);
    const sweep = begin();
    expect(sweep.lastSeconds).toBe(12);
    sweep.done();
  }
  pass(1);
  begin().done();
  pass(1);
  expect(begin().lastSeconds).toBe(12);
});

test('one that looks for all and does not come to its end is not followed by another at once', () => {
  const { begin, pass } = sweeps();
  begin().done();
  pass(30);
  expect(begin().lastSeconds).toBeNull();
  pass(1);
  const next = begin();
  expect(next.lastSeconds).toBe(42);
  next.done();
  pass(29);
  expect(begin().lastSeconds).toBeNull();
});
