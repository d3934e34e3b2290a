/** Chance that can be had again: everything a simulated run leaves to luck is drawn from one seeded stream. */

export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** True with a probability of `rate`. */
  hit(rate: number): boolean;
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number;
  /** One of them; there must be one. */
  pick<T>(from: readonly T[]): T;
}

/**
 * mulberry32, by Tommy Ettinger (2017, public domain): 32 bits of state, any seed is good, neighbouring seeds have nothing in
 * common.
 */
export function createChance(seed: number): Chance {
  let state = seed | 0;

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  }

  const below = (count: number) => Math.floor(next() * count);

  return {
    next,
    hit: (rate) => rate > 0 && next() < rate,
    below,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new Error('there is nothing to pick from');
      return from[below(from.length)] as T;
    },
  };
}
