import { describe, expect, it } from '@jest/globals';
import { DistinctSketch, hashOf, loadMetrics, SKETCH_ERROR_BOUND } from '@tandem/shared';
import { approximateIn } from './answer-query.js';
import { mergeValues } from './merge-views.js';
import { WHOLE } from './query/group.js';
import { type DistinctValue, zeroValues } from './query/values.js';
import { refundMetric } from './testing/refund-metric.js';

const revenue = (await loadMetrics()).find(({ name }) => name === 'revenue') ?? refundMetric;

/** Distinct customers numbered from (inclusive) to (exclusive), with an exact count as batch has it. */
function customers(from: number, to: number): DistinctValue {
  const hashes = Array.from({ length: to - from }, (_, index) => hashOf(`c-${from + index}`));
  return { count: to - from, isExact: true, sketch: DistinctSketch.of(hashes) };
}

function merged(batch: DistinctValue, speed: DistinctValue): DistinctValue {
  return mergeValues([batch], [speed])[0] as DistinctValue;
}

describe('distinct counts', () => {
  it('are exact while both sketches hold every value, also when their union could not', () => {
    expect(merged(customers(0, 3_000), customers(2_000, 5_500))).toMatchObject({ count: 5_500, isExact: true });
  });

  it('are estimates once a sketch is full, and within the bound', () => {
    const { count, isExact } = merged(customers(0, 50_000), customers(40_000, 60_000));
    expect(isExact).toBe(false);
    expect(Math.abs(count - 60_000) / 60_000).toBeLessThan(SKETCH_ERROR_BOUND);
  });

  it('of batch stay exact when speed has seen none', () => {
    expect(merged(customers(0, 50_000), customers(0, 0))).toMatchObject({ count: 50_000, isExact: true });
  });

  it('cannot be merged without their sketches', () => {
    expect(() => merged({ ...customers(0, 3), sketch: null }, customers(0, 1))).toThrow('without its sketch');
  });
});

describe('sums', () => {
  it('add exactly beyond what a double holds', () => {
    expect(mergeValues([2 ** 53 - 1], [2])).toEqual([2n ** 53n + 1n]);
  });
});

describe('what is approximate', () => {
  it('is each estimated measure and what is derived from it, with the bound', () => {
    const estimated = { count: 9_000, isExact: false, sketch: null };
    const values = zeroValues(revenue).map((value, index) => (index === 3 ? estimated : value));
    expect(approximateIn(revenue, [{ group: WHOLE, layers: { merged: values } }])).toEqual({
      orders: SKETCH_ERROR_BOUND,
      average_order_value: SKETCH_ERROR_BOUND,
    });
  });
});
