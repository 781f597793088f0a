import { hash } from 'node:crypto';
import { HashSet } from './hash-set.js';
import { kthSmallest } from './kth-smallest.js';

/**
 * A theta (KMV) sketch: of all values seen, the K smallest 52-bit hashes. Counting is exact below K distinct values;
 * above, the K-th smallest hash tells how densely the hash space is filled.
 * Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002); Dasgupta et al., "A framework for
 * estimating stream expression cardinalities" (2016).
 */
export const SKETCH_SIZE = 4096;

/** Relative error that 95 % of the estimates stay within (two standard errors). 0.03 means 3 %. */
export const SKETCH_ERROR_BOUND = Math.round((2 / Math.sqrt(SKETCH_SIZE)) * 10_000) / 10_000;

/** Hashes are integers in [0, HASH_SPACE). */
const HASH_SPACE = 2 ** 52;
const HASH_HEX_DIGITS = 13;

/** 52-bit hash of a value: the first 13 hexadecimal digits of its MD5. The batch SQL computes the same. */
export function hashOf(value: string): number {
  return Number.parseInt(hash('md5', value).slice(0, HASH_HEX_DIGITS), 16);
}

export class DistinctSketch {
  /** Every hash below `#theta` that was added; trimmed to the SKETCH_SIZE smallest when it has grown to twice that. */
  readonly #hashes = new HashSet();
  #theta = HASH_SPACE;
  #version = 0;
  #sorted: readonly number[] | null = null;
  /** The SKETCH_SIZE-th smallest hash, once somebody has asked for the estimate. */
  #highest: number | null = null;

  static of(hashes: Iterable<number>): DistinctSketch {
    const sketch = new DistinctSketch();
    for (const value of hashes) sketch.add(value);
    return sketch;
  }

  /** Adds one hash (see `hashOf`). Idempotent. */
  add(value: number): void {
    if (value >= this.#theta) return;
    if (!this.#hashes.add(value)) return;
    this.#version++;
    this.#sorted = null;
    this.#highest = null;
    if (this.#hashes.size >= 2 * SKETCH_SIZE) this.#trim();
  }

  /** Adds every hash of another sketch: afterwards this one stands for the union. */
  addAll(other: DistinctSketch): void {
    for (const value of other.#hashes.values()) this.add(value);
  }

  has(value: number): boolean {
    return this.#hashes.has(value);
  }

  /** Hashes held now, for bounding memory; at most 2 × SKETCH_SIZE. */
  get heldHashes(): number {
    return this.#hashes.size;
  }

  /** Grows whenever the sketch does: a reader that saw this version has seen everything in it. */
  get version(): number {
    return this.#version;
  }

  /** True while the count is a count and not an estimate: fewer than SKETCH_SIZE distinct values. */
  get isExact(): boolean {
    return this.#hashes.size < SKETCH_SIZE;
  }

  /** Hashes that stand for the sketch, in no particular order: those it holds, or the smallest once it is an estimate. */
  hashes(): Iterable<number> {
    return this.isExact ? this.#hashes.values() : this.smallest();
  }

  /** The SKETCH_SIZE smallest hashes, ascending: the canonical state, equal for equal sets of values. */
  smallest(): readonly number[] {
    this.#sorted ??= Array.from(Float64Array.from(this.#hashes.values()).sort().subarray(0, SKETCH_SIZE));
    return this.#sorted;
  }

  /** Number of distinct values: exact below SKETCH_SIZE, else a rounded estimate. */
  count(): number {
    if (this.isExact) return this.#hashes.size;
    this.#highest ??= this.#sorted?.at(-1) ?? kthSmallest(Float64Array.from(this.#hashes.values()), SKETCH_SIZE);
    return estimateFrom(SKETCH_SIZE, this.#highest);
  }

  /** Like `count`, within the same error bound but without sorting: for a reader who is shown it, not for an answer. */
  roughCount(): number {
    return Math.round(this.#hashes.size / (this.#theta / HASH_SPACE));
  }

  #trim(): void {
    const smallest = this.smallest();
    this.#theta = smallest[SKETCH_SIZE - 1] ?? HASH_SPACE;
    this.#hashes.replaceBy(smallest);
  }
}

/** The sketch of the union of two sets of values. Changes neither. */
export function unionSketch(a: DistinctSketch, b: DistinctSketch): DistinctSketch {
  const union = new DistinctSketch();
  union.addAll(a);
  union.addAll(b);
  return union;
}

/**
 * How many values of `added` are not in `base`: never negative. Counted exactly while both are exact; else estimated as
 * |base ∪ added| − |base|, both read at the union's theta.
 */
export function countNew(base: DistinctSketch, added: DistinctSketch): number {
  if (base.isExact && added.isExact) {
    return added.smallest().reduce((count, value) => (base.has(value) ? count : count + 1), 0);
  }
  const { union, fresh } = walkUnion(base.smallest(), added.smallest());
  return Math.round((estimateFrom(union.length, union.at(-1) ?? HASH_SPACE) * fresh) / union.length);
}

/** The SKETCH_SIZE smallest of two ascending lists, and how many of them stand in `added` alone. */
function walkUnion(base: readonly number[], added: readonly number[]): { union: readonly number[]; fresh: number } {
  const union: number[] = [];
  let fresh = 0;
  for (let i = 0, j = 0; union.length < SKETCH_SIZE; ) {
    const left = base[i] ?? HASH_SPACE;
    const right = added[j] ?? HASH_SPACE;
    if (left === HASH_SPACE && right === HASH_SPACE) break;
    union.push(Math.min(left, right));
    if (right < left) fresh++;
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return { union, fresh };
}

/** (K − 1) / θ with θ the K-th smallest hash as a fraction of the hash space: unbiased. */
function estimateFrom(size: number, highest: number): number {
  return Math.round((size - 1) / (highest / HASH_SPACE));
}
