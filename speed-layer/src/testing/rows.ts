import {
  addCells,
  type Cell,
  type Cells,
  DistinctSketch,
  type Event,
  identityOf,
  type Metric,
  MS_PER_HOUR,
  type Offsets,
  type PartitionView,
  type Segment,
} from '@tandem/shared';
import { answerByOracle, readByOracle } from '@tandem/shared/testing/oracle';
import { recordsOf, type Script } from './logs.js';

/** One comparable line per cell: hour, dimension values and the plain value of each measure. */
export type Rows = readonly string[];

/** What the segments of one partition that start at or above an offset say together. */
export function rowsFrom(metric: Metric, { segments }: Pick<PartitionView, 'segments'>, from: number): Rows {
  const cells: Cells = new Map();
  for (const segment of segments.filter(({ start }) => start >= from))
    addCells(metric, cells, cellsOf(metric, segment));
  return [...cells.values()].map((cell) => rowOf(cell)).sort();
}

/** What the segments of all partitions that start at or above a boundary say together. */
export function rowsAbove(metric: Metric, partitions: readonly PartitionView[], boundary: Offsets): Rows {
  const segments = partitions.flatMap((held, partition) =>
    held.segments.filter(({ start }) => start >= (boundary[partition] ?? 0)),
  );
  return rowsFrom(metric, { segments }, 0);
}

/** The events that count between two boundaries: copies of what lies below the first are left out. */
export function countedBetween(script: Script, from: Offsets, to: Offsets): readonly Event[] {
  const eventsBelow = (ends: Offsets) =>
    readByOracle(ends.flatMap((end, partition) => recordsOf(script, partition).slice(0, end))).events;
  const below = new Set(eventsBelow(from).map(identityOf));
  return eventsBelow(to).filter((event) => !below.has(identityOf(event)));
}

/** The same of events, by the oracle. */
export function rowsOfEvents(metric: Metric, events: readonly Event[]): Rows {
  const rows = answerByOracle(metric, events, { granularity: 'hour', groupBy: metric.dimensions });
  return rows
    .map(({ bucket, group, values }) =>
      JSON.stringify([
        Number(bucket) / MS_PER_HOUR,
        metric.dimensions.map((dimension) => group[dimension]),
        Object.keys(metric.measures).map((name) => String(values[name])),
      ]),
    )
    .sort();
}

function cellsOf(metric: Metric, segment: Segment): Cells {
  return segment.cells.get(metric.name) ?? new Map();
}

function rowOf({ hour, dimensions, states }: Cell): string {
  const values = states.map((state) => String(state instanceof DistinctSketch ? state.count() : state));
  return JSON.stringify([hour, dimensions, values]);
}
