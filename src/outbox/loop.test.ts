import { expect, test } from 'vitest';
import { createLoop } from './loop.ts';

/** A worker whose runs the test awaits one by one. */
function counted(runs: (run: number) => { more: boolean }) {
  let count = 0;
  let notify = () => {};
  const worker = {
    name: 'test',
    everyMs: 3_600_000,
    async runOnce() {
      count += 1;
      notify();
      return runs(count);
    },
  };
  const reached = async (run: number) => {
    while (count < run)
      await new Promise<void>((resolve) => {
        notify = resolve;
      });
  };
  return { worker, reached, count: () => count };
}

test('while there is more it goes on at once, then it rests until woken', async () => {
  const { worker, reached, count } = counted((run) => ({ more: run < 3 }));
  const loop = createLoop(worker);
  loop.start();
  await reached(3);
  await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBe(3);
  loop.wake();
  await reached(4);
  await loop.stop();
  expect(count()).toBe(4);
});

test('a wake during a run is not lost', async () => {
  let wake = () => {};
  const { worker, reached } = counted((run) => {
    if (run === 1) wake();
    return { more: false };
  });
  const loop = createLoop(worker);
  wake = loop.wake;
  loop.start();
  await reached(2);
  await loop.stop();
});

test('a failure is told and it goes on', async () => {
  const failures: { what: string; retryInMs: number }[] = [];
  const { worker, reached } = counted((run) => {
    if (run < 3) throw new Error('sick');
    return { more: false };
  });
  const loop = createLoop({ ...worker, everyMs: 1 }, { failed: (failure) => failures.push(failure) });
  loop.start();
  await reached(3);
  await loop.stop();
  expect(failures).toMatchObject([
    { what: 'test', retryInMs: 2 },
    { what: 'test', retryInMs: 4 },
  ]);
});

test('stop waits for the run in hand', async () => {
  let finish = () => {};
  let finished = false;
  const loop = createLoop({
    name: 'slow',
    everyMs: 1,
    runOnce: async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      finished = true;
      return { more: true };
    },
  });
  loop.start();
  const stopped = loop.stop();
  finish();
  await stopped;
  expect(finished).toBe(true);
});
