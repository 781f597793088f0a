import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countNew, DistinctSketch, hashOf, SKETCH_ERROR_BOUND, SKETCH_SIZE, unionSketch } from './distinct-sketch.js';
import { BYTES_PER_HASH, decodeSketch, encodeSketch } from './sketch-bytes.js';

/** Ranges of numbered values, so that sketches overlap, some of them saturated: [first, count]. */
const aRange = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.nat(300), fc.nat(60)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(5_000), fc.integer({ min: SKETCH_SIZE - 2, max: 3 * SKETCH_SIZE })) },
);
const hashOfNumber = new Map<number, number>();
function hashesOf([first, count]: readonly [number, number]): readonly number[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const known = hashOfNumber.get(number) ?? hashOf(`value ${number}`);
    hashOfNumber.set(number, known);
    return known;
  });
}
const sketchOf = (range: readonly [number, number]) => DistinctSketch.of(hashesOf(range));
/** As text: comparing arrays of thousands element by element takes too long. */
const stateOf = (sketch: DistinctSketch) => `${sketch.isExact} ${sketch.count()} ${sketch.smallest().join()}`;
const law = { numRuns: 40 };

describe('a distinct sketch', () => {
  it('hashes to the first 52 bits of MD5', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const digest = createHash('md5').update(value, 'utf8').digest();
        expect(BigInt(hashOf(value))).toBe(digest.readBigUInt64BE() >> 12n);
      }),
    );
  });

  it('unites associatively, commutatively and idempotently, with the empty sketch neutral', () => {
    fc.assert(
      fc.property(aRange, aRange, aRange, (x, y, z) => {
        const [a, b, c] = [sketchOf(x), sketchOf(y), sketchOf(z)];
        expect(stateOf(unionSketch(unionSketch(a, b), c))).toEqual(stateOf(unionSketch(a, unionSketch(b, c))));
        expect(stateOf(unionSketch(a, b))).toEqual(stateOf(unionSketch(b, a)));
        expect(stateOf(unionSketch(a, a))).toEqual(stateOf(a));
        expect(stateOf(unionSketch(a, new DistinctSketch()))).toEqual(stateOf(a));
        expect(stateOf(unionSketch(new DistinctSketch(), a))).toEqual(stateOf(a));
      }),
      law,
    );
  });

  it('has one state for one set of values, in whatever order and however often they came', () => {
    fc.assert(
      fc.property(aRange, fc.nat(), (range, turn) => {
        const hashes = hashesOf(range);
        const at = turn % (hashes.length + 1);
        const shuffled = [...hashes.slice(at), ...hashes.slice(0, at)].reverse();
        expect(stateOf(DistinctSketch.of([...shuffled, ...hashes.slice(0, 50)]))).toEqual(
          stateOf(DistinctSketch.of(hashes)),
        );
      }),
      law,
    );
  });

  it('keeps the smallest hashes, ascending, and bounds what it holds', () => {
    fc.assert(
      fc.property(aRange, (range) => {
        const sketch = sketchOf(range);
        const expected = [...new Set(hashesOf(range))].sort((a, b) => a - b).slice(0, SKETCH_SIZE);
        expect(sketch.smallest().join()).toBe(expected.join());
        expect(sketch.heldHashes).toBeLessThan(2 * SKETCH_SIZE);
      }),
      law,
    );
  });

  it('changes neither sketch that it unites or compares', () => {
    fc.assert(
      fc.property(aRange, aRange, (x, y) => {
        const [a, b] = [sketchOf(x), sketchOf(y)];
        const before = [stateOf(a), stateOf(b)];
        unionSketch(a, b).add(1);
        countNew(a, b);
        expect([stateOf(a), stateOf(b)]).toEqual(before);
      }),
      law,
    );
  });

  it('counts exactly below its size, and says so', () => {
    for (const count of [0, 1, 100, SKETCH_SIZE - 1]) {
      const sketch = sketchOf([0, count]);
      expect([sketch.count(), sketch.isExact]).toEqual([count, true]);
    }
    expect(sketchOf([0, SKETCH_SIZE]).isExact).toBe(false);
  });

  it.each([
    [10_000, 200],
    [100_000, 20],
  ])('estimates %i values within its bound in 95 of 100 trials, and within twice the bound in all', (count, trials) => {
    const errors = Array.from({ length: trials }, (_, trial) => relativeError(uniformHashes(trial, count), count));
    // The bound is what 95 % stay within on average: this set of trials may lie a point beside it.
    expect(errors.filter((error) => error <= SKETCH_ERROR_BOUND).length).toBeGreaterThanOrEqual(0.94 * trials);
    expect(Math.max(...errors)).toBeLessThanOrEqual(2 * SKETCH_ERROR_BOUND);
  });

  it.each([1, 100, 10_000, 1_000_000])('is within its bound for %i real values, hashed', (count) => {
    const error = relativeError(hashesOf([0, count]), count);
    expect(error).toBeLessThanOrEqual(count < SKETCH_SIZE ? 0 : SKETCH_ERROR_BOUND);
  });

  it('says the bound that two standard errors are', () => {
    expect(SKETCH_ERROR_BOUND).toBeCloseTo(2 / Math.sqrt(SKETCH_SIZE), 3);
  });
});

/** |estimate − count| / count. */
function relativeError(hashes: Iterable<number>, count: number): number {
  return Math.abs(DistinctSketch.of(hashes).count() - count) / count;
}

/** Hashes as good ones are: uniform over 52 bits, and the same for one seed. */
function uniformHashes(seed: number, count: number): readonly number[] {
  let [high, low] = [hashOf(`${seed} high`) % 2 ** 26, hashOf(`${seed} low`) % 2 ** 26];
  return Array.from({ length: count }, () => {
    high = (high * 1_664_525 + 1_013_904_223) % 2 ** 26;
    low = (low * 22_695_477 + 1) % 2 ** 26;
    return high * 2 ** 26 + low;
  });
}

describe('counting new values', () => {
  it('is exact while both sketches are', () => {
    const small = fc.tuple(fc.nat(300), fc.nat(SKETCH_SIZE - 1));
    fc.assert(
      fc.property(small, small, (base, added) => {
        const seen = new Set(hashesOf(base));
        const fresh = hashesOf(added).filter((value) => !seen.has(value));
        expect(countNew(sketchOf(base), sketchOf(added))).toBe(fresh.length);
      }),
      law,
    );
  });

  it('is never negative and never more than what was added seems to be', () => {
    fc.assert(
      fc.property(aRange, aRange, (base, added) => {
        const [a, b] = [sketchOf(base), sketchOf(added)];
        const fresh = countNew(a, b);
        expect(fresh).toBeGreaterThanOrEqual(0);
        expect(fresh).toBeLessThanOrEqual(Math.max(b.count(), unionSketch(a, b).count()));
      }),
      law,
    );
  });

  it('is 0 for what the base holds already, saturated or not', () => {
    for (const range of [
      [0, 10],
      [0, 20_000],
    ] as const) {
      expect(countNew(sketchOf(range), sketchOf([3, 5]))).toBe(0);
      expect(countNew(sketchOf(range), new DistinctSketch())).toBe(0);
    }
  });

  it('estimates what is new within the bound of the union', () => {
    const [base, added] = [sketchOf([0, 30_000]), sketchOf([20_000, 20_000])];
    expect(Math.abs(countNew(base, added) - 10_000)).toBeLessThanOrEqual(40_000 * SKETCH_ERROR_BOUND);
  });
});

describe('the bytes of a sketch', () => {
  it('come back as the same sketch, and are the same for the same values', () => {
    fc.assert(
      fc.property(aRange, (range) => {
        const sketch = sketchOf(range);
        const bytes = encodeSketch(sketch);
        expect(stateOf(decodeSketch(bytes))).toEqual(stateOf(sketch));
        expect(encodeSketch(DistinctSketch.of([...hashesOf(range)].reverse())).equals(bytes)).toBe(true);
        expect(bytes.length).toBe(sketch.smallest().length * BYTES_PER_HASH);
      }),
      law,
    );
  });

  it('keep the smallest and the largest hash there can be', () => {
    const extremes = DistinctSketch.of([0, 1, 2 ** 32, 2 ** 52 - 1]);
    expect(decodeSketch(encodeSketch(extremes)).smallest()).toEqual([0, 1, 2 ** 32, 2 ** 52 - 1]);
  });

  it('are none for no value, and refused when cut off', () => {
    expect(decodeSketch(null).count()).toBe(0);
    expect(encodeSketch(new DistinctSketch())).toHaveLength(0);
    expect(() => decodeSketch(Buffer.alloc(BYTES_PER_HASH + 1))).toThrow('8 bytes');
  });
});
