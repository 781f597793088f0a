/** Numbers from a seed, so that a failing test can be run again. */
export type Random = {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 (inclusive) to `count` (exclusive). */
  below(count: number): number;
  pick<Item>(items: readonly Item[]): Item;
};

/** Source: Tommy Ettinger, mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return { next, below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}
