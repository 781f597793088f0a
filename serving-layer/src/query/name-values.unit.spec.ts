import { describe, expect, it } from '@jest/globals';
import { DistinctSketch, loadMetrics } from '@tandem/shared';
import { toExactJson } from '../exact-json.js';
import { refundMetric } from '../testing/refund-metric.js';
import { divideHalfUp, nameValues } from './name-values.js';

const revenue = (await loadMetrics()).find(({ name }) => name === 'revenue') ?? refundMetric;
const distinct = (count: number) => ({ count, isExact: true, sketch: new DistinctSketch() });

describe('named values', () => {
  it('show money as decimals, counts as integers, and what is derived', () => {
    const named = nameValues(revenue, [1_000_000, 12_345, 3, distinct(3), distinct(2)]);
    expect(toExactJson(named)).toBe(
      '{"gross":100,"refunds":1.2345,"line_items":3,"orders":3,"customers":2,"revenue":98.7655,"average_order_value":33.3333}',
    );
  });

  it('have no ratio to zero', () => {
    expect(nameValues(revenue, [0, 0, 0, distinct(0), distinct(0)])['average_order_value']).toBeNull();
  });

  it('are exact beyond what a double holds', () => {
    const named = nameValues(revenue, [2n ** 70n + 1n, 1, 1, distinct(1), distinct(1)]);
    expect(toExactJson(named['revenue'])).toBe('118059162071741130.3424');
  });

  it('show a ratio of counts with four decimals', () => {
    expect(toExactJson(nameValues(refundMetric, [0, distinct(3), 2])['lines_per_order'])).toBe('0.6667');
  });
});

describe('division', () => {
  it.each([
    [1n, 2n, 1n],
    [5n, 2n, 3n],
    [4n, 3n, 1n],
    [-1n, 2n, 0n],
    [-3n, 2n, -1n],
    [-5n, 3n, -2n],
    [0n, 7n, 0n],
    [2n ** 80n, 3n, 402_975_273_204_876_391_568_725n],
  ])('rounds %s / %s half up to %s', (dividend, divisor, quotient) => {
    expect(divideHalfUp(dividend, divisor)).toBe(quotient);
  });
});
