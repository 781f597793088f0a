import { addTallies, type Segment, toInstantText, ZERO_TALLY } from '@tandem/shared';
import type { Answer } from './answer-query.js';
import type { Query } from './query/query.js';
import { numberSources, type RowSource, sketchSources } from './query/row-sources.js';

/** How an answer was computed: which rows of the batch view, and which segments of the realtime view per partition. */
export function explain({ query, run, segments }: Answer): Readonly<Record<string, unknown>> {
  const isBatchAsked = query.layers.some((layer) => layer !== 'speed');
  return {
    order: 'the run and its boundary were read first, then the rows of that run, then the realtime view',
    ...(isBatchAsked ? { batch: explainBatch(query, run.id) } : {}),
    ...(segments ? { speed: segments.map((held, partition) => explainPartition(held, partition, run.boundary)) } : {}),
  };
}

function explainBatch(query: Query, run: number): Readonly<Record<string, unknown>> {
  const hasDistinct = Object.values(query.metric.measures).some(({ kind }) => kind === 'distinct');
  return {
    run,
    rows: numberSources(query).map((source) => explainSource(query, source)),
    ...(hasDistinct ? { sketches: sketchSources(query).map((source) => explainSource(query, source)) } : {}),
    ...(hasDistinct ? { distinct: 'exact where a group is one row; else the union of its sketches' } : {}),
  };
}

function explainSource(
  { metric }: Query,
  { grain, grouping, fromMs, toMs }: RowSource,
): Readonly<Record<string, unknown>> {
  return {
    grain,
    dimensions: metric.dimensions.filter((_, index) => Math.floor(grouping / 2 ** index) % 2 === 1),
    ...(fromMs === null ? {} : { from: toInstantText(fromMs) }),
    ...(toMs === null ? {} : { to: toInstantText(toMs) }),
  };
}

function explainPartition(held: readonly Segment[], partition: number, boundary: readonly number[]) {
  const { read, folded, unchecked, duplicate, invalid } = held.reduce(
    (sum, { tally }) => addTallies(sum, tally),
    ZERO_TALLY,
  );
  return {
    partition,
    boundary: boundary[partition],
    segments: held.map(({ start }) => start),
    records: { read, folded, unchecked, duplicate, invalid },
  };
}
