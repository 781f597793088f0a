import { type FieldName, type Metric, MS_PER_DAY, MS_PER_HOUR } from '@tandem/shared';
import type { Granularity, Query } from './query.js';

/** One line of an answer: a value per dimension of `group_by`, and the start of the hour or day if asked for. */
export type Group = { readonly values: readonly string[]; readonly bucketMs: number | null };

/** The one group of an answer that is not grouped. */
export const WHOLE: Group = { values: [], bucketMs: null };

/** Dimension values hold no control characters, so a key names one group. */
export function groupKey({ values, bucketMs }: Group): string {
  return `${bucketMs ?? ''}\n${values.join('\n')}`;
}

/** Start (inclusive) of the hour or day that a time lies in; null without a granularity. */
export function bucketOf(granularity: Granularity | null, ms: number): number | null {
  if (granularity === null) return null;
  const width = granularity === 'day' ? MS_PER_DAY : MS_PER_HOUR;
  return Math.floor(ms / width) * width;
}

/** By dimension values, then by time. Values compare by code unit, whatever the locale. */
export function compareGroups(a: Group, b: Group): number {
  for (let index = 0; index < a.values.length; index++) {
    const [left, right] = [a.values[index] ?? '', b.values[index] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return (a.bucketMs ?? 0) - (b.bucketMs ?? 0);
}

/** True when an answer has groups: else it has one line of numbers. */
export function isGrouped(query: Pick<Query, 'groupBy' | 'granularity'>): boolean {
  return query.groupBy.length > 0 || query.granularity !== null;
}

/** Positions of the named dimensions in a cell's tuple. */
export function positionsOf(metric: Metric, dimensions: readonly FieldName[]): readonly number[] {
  return dimensions.map((dimension) => metric.dimensions.indexOf(dimension));
}
