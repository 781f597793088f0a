import { DistinctSketch, type ExactInteger, type Metric } from '@tandem/shared';
import type { Group } from './group.js';

/** A distinct count as one layer knows it. `sketch` is null where it was not read, as nothing is to be merged with it. */
export type DistinctValue = {
  readonly count: number;
  /** False when `count` is an estimate. */
  readonly isExact: boolean;
  readonly sketch: DistinctSketch | null;
};

export type MeasureValue = ExactInteger | DistinctValue;

/** What one layer says of one group: one value per measure of the metric, in its order. */
export type Values = readonly MeasureValue[];

/** What one layer says, by `groupKey`. A group that is not there has only zeros. */
export type Part = ReadonlyMap<string, { readonly group: Group; readonly values: Values }>;

export function isDistinct(value: MeasureValue): value is DistinctValue {
  return typeof value === 'object';
}

export function zeroValues(metric: Metric): Values {
  const zero: DistinctValue = { count: 0, isExact: true, sketch: new DistinctSketch() };
  return Object.values(metric.measures).map(({ kind }) => (kind === 'distinct' ? zero : 0));
}
