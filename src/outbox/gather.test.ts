import { expect, test } from 'vitest';
import { gather } from './gather.ts';

/** A run that ends when the test says so. */
function controlled() {
  const runs: { items: readonly number[]; resolve: () => void; reject: (error: Error) => void }[] = [];
  const add = gather(
    (items: readonly number[]) =>
      new Promise<readonly number[]>((resolve, reject) => {
        runs.push({ items, resolve: () => resolve(items.map((item) => item * 10)), reject });
      }),
  );
  return { runs, add, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

test('a lone caller runs at once; those who come meanwhile run together', async () => {
  const { runs, add, settled } = controlled();
  const first = add(1);
  await settled();
  const others = [add(2), add(3), add(4)];
  await settled();
  expect(runs.map(({ items }) => items)).toEqual([[1]]);
  runs[0]?.resolve();
  expect(await first).toBe(10);
  await settled();
  expect(runs.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
  runs[1]?.resolve();
  expect(await Promise.all(others)).toEqual([20, 30, 40]);
});

test('a failure is told to those of its run only', async () => {
  const { runs, add, settled } = controlled();
  const failing = add(1);
  await settled();
  const next = add(2);
  runs[0]?.reject(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  await settled();
  runs[1]?.resolve();
  await expect(next).resolves.toBe(20);
});
