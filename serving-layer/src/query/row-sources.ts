import { fullGrouping, MS_PER_DAY, rowCarriesSketch } from '@tandem/shared';
import { positionsOf } from './group.js';
import type { Query, TimeRange } from './query.js';

/** Rows of the batch view that together make up an answer, each event counted in exactly one of them. */
export type RowSource = {
  readonly grain: 'hour' | 'day' | 'all';
  /** Which dimensions the rows keep: see view-table.ts. */
  readonly grouping: number;
  /** Event time, `fromMs` inclusive to `toMs` exclusive; null is unbounded. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
};

/** Rows whose numbers add up to the answer: as few as can be, so that distinct counts are exact where one row is enough. */
export function numberSources(query: Query): readonly RowSource[] {
  const grouping = groupingOf(query);
  const { range, granularity } = query;
  if (granularity !== null) {
    return [{ grain: granularity, grouping, fromMs: range?.fromMs ?? null, toMs: range?.toMs ?? null }];
  }
  if (range === null) return [{ grain: 'all', grouping, fromMs: null, toMs: null }];
  return wholeDaysAndEdges(range).map((source) => ({ ...source, grouping }));
}

/** Rows whose sketches unite to the answer's: the same stretch of time, in rows that carry one. */
export function sketchSources(query: Query): readonly RowSource[] {
  return numberSources(query).map((source) => {
    if (rowCarriesSketch(query.metric, source.grain, source.grouping)) return source;
    return { ...source, grain: 'hour', grouping: fullGrouping(query.metric) };
  });
}

/** The grouping that keeps the dimensions which are filtered or grouped by. */
function groupingOf({ metric, where, groupBy }: Query): number {
  const kept = new Set([...where.map(({ dimension }) => dimension), ...groupBy]);
  return positionsOf(metric, [...kept]).reduce((bits, position) => bits + 2 ** position, 0);
}

/** [hours up to midnight] [whole days] [hours after midnight], each only where there are any. One bound is not null. */
function wholeDaysAndEdges({ fromMs, toMs }: TimeRange): readonly Omit<RowSource, 'grouping'>[] {
  const firstMidnight = fromMs === null ? null : Math.ceil(fromMs / MS_PER_DAY) * MS_PER_DAY;
  const lastMidnight = toMs === null ? null : Math.floor(toMs / MS_PER_DAY) * MS_PER_DAY;
  if (firstMidnight !== null && lastMidnight !== null && firstMidnight > lastMidnight) {
    return [{ grain: 'hour', fromMs, toMs }];
  }
  const pieces: readonly Omit<RowSource, 'grouping'>[] = [
    { grain: 'hour', fromMs, toMs: firstMidnight },
    { grain: 'day', fromMs: firstMidnight, toMs: lastMidnight },
    { grain: 'hour', fromMs: lastMidnight, toMs },
  ];
  return pieces.filter((piece) => piece.fromMs !== piece.toMs);
}
