import { afterEach, describe, expect, test, vi } from 'vitest';
import { gather } from './gather.ts';
import { DatabaseTimeout, type Limits } from './transaction.ts';

/** A run that ends when the test says so. */
function controlled(options?: Parameters<typeof gather<number, number>>[1]) {
  const runs: {
    items: readonly number[];
    limits: Limits;
    resolve: () => void;
    reject: (error: Error) => void;
  }[] = [];
  const add = gather(
    (items: readonly number[], limits) =>
      new Promise<readonly number[]>((resolve, reject) => {
        runs.push({ items, limits, resolve: () => resolve(items.map((item) => item * 10)), reject });
      }),
    options,
  );
  return { runs, add, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

afterEach(() => void vi.useRealTimers());

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

describe('with a rest', () => {
  test('who comes first waits for nobody, who comes soon after that waits for it to end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { runs, add, settled } = controlled({ restMs: 100 });
    const first = add(1);
    await settled();
    runs[0]?.resolve();
    await first;
    const others = [add(2)];
    await settled();
    others.push(add(3));
    vi.advanceTimersByTime(99);
    await settled();
    expect(runs).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await settled();
    expect(runs[1]?.items).toEqual([2, 3]);
    runs[1]?.resolve();
    await Promise.all(others);
  });

  test('what is enough ends it', async () => {
    const { runs, add, settled } = controlled({ restMs: 60_000, isEnough: (items) => items.length >= 2 });
    const first = add(1);
    await settled();
    runs[0]?.resolve();
    await first;
    const second = add(2);
    await settled();
    expect(runs).toHaveLength(1);
    const third = add(3);
    await settled();
    await settled();
    expect(runs[1]?.items).toEqual([2, 3]);
    // Enough has come while it ran: there is no rest at all.
    const more = [add(4), add(5)];
    runs[1]?.resolve();
    await Promise.all([second, third]);
    await settled();
    expect(runs[2]?.items).toEqual([4, 5]);
    runs[2]?.resolve();
    await Promise.all(more);
  });
});

describe('callers with deadlines', () => {
  const inMs = (ms: number) => ({ deadlineMs: performance.now() + ms });

  test('share the earliest: nothing is done for one who has been told that it is too late', async () => {
    const { runs, add, settled } = controlled();
    const late = inMs(9_000);
    const early = inMs(5_000);
    const all = [add(1, late), add(2, early), add(3)];
    await settled();
    expect(runs[0]?.limits).toEqual(early);
    runs[0]?.resolve();
    expect(await Promise.all(all)).toEqual([10, 20, 30]);
  });

  test('and without one, none', async () => {
    const { runs, add, settled } = controlled();
    void add(1);
    await settled();
    expect(runs[0]?.limits).toEqual({});
  });

  test('when it comes, those who have time left are in the next run, before those who came later', async () => {
    const { runs, add, settled } = controlled();
    const [early, late] = [inMs(5_000), inMs(9_000)];
    const first = add(1, early).catch((error: Error) => error);
    const others = [add(2, late), add(3, late)];
    await settled();
    const newcomer = add(4, inMs(12_000));
    runs[0]?.reject(new DatabaseTimeout());
    expect(await first).toBeInstanceOf(DatabaseTimeout);
    await settled();
    expect(runs[1]?.items).toEqual([2, 3, 4]);
    expect(runs[1]?.limits).toEqual(late);
    runs[1]?.resolve();
    expect(await Promise.all([...others, newcomer])).toEqual([20, 30, 40]);
  });

  test('any other failure is told to all of the run: nobody knows that it would not come again', async () => {
    const { runs, add, settled } = controlled();
    const all = [add(1, inMs(5_000)), add(2, inMs(9_000))].map((one) => one.catch((error: Error) => error));
    await settled();
    runs[0]?.reject(new Error('no'));
    expect(await Promise.all(all)).toEqual([new Error('no'), new Error('no')]);
  });

  test('with too little time left are told so, and no run is begun for them', async () => {
    const { runs, add, settled } = controlled();
    const hopeless = add(1, inMs(400)).catch((error: Error) => error);
    expect(await hopeless).toBeInstanceOf(DatabaseTimeout);
    expect(runs).toEqual([]);
    const next = add(2, inMs(5_000));
    await settled();
    runs[0]?.resolve();
    expect(await next).toBe(20);
  });
});
