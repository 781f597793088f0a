import type { Metric } from '../../metrics/metric.js';
import type { FoldedStretch, Segment } from '../../ports/realtime-view-store.js';
import type { HeldPartition } from '../memory/held-partition.js';
import type { PartitionKeys } from './partition-keys.js';
import { tallyField, tallyText } from './partition-meta.js';
import { readableField, readableValueOf } from './readable-cells.js';

/** A command of Redis: its name and its arguments. */
export type Command = readonly string[];

/** A Lua script cannot unpack more than 8,000 arguments. */
export const MAX_ARGUMENTS = 4_000;

export type Readable = (keys: PartitionKeys, held: HeldPartition, stretch: FoldedStretch) => readonly Command[];

/** Makes what writes the tallies and the cells that a stretch has changed, as they stand in `held` now, for people to read. */
export function readableCommands(metrics: readonly Metric[]): Readable {
  const show = new Map(metrics.map((metric) => [metric.name, readableValueOf(metric)]));
  return (keys, held, { segments }) =>
    segments.flatMap((added) => {
      const segment = held.segments.find(({ start }) => start === added.start) ?? added;
      const tally = ['HSET', keys.meta, tallyField(segment.start), tallyText(segment.tally)];
      const cells = [...added.cells].flatMap(([metric, ofMetric]) => {
        const pairs = readablePairs(segment, metric, ofMetric.keys(), show.get(metric));
        return sliced(pairs).map((slice) => ['HSET', keys.readable(segment.start, metric), ...slice]);
      });
      return [tally, ...cells];
    });
}

/** Parts of a list that a command can take, none of them empty. */
export function sliced(values: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(values.length / MAX_ARGUMENTS);
  return Array.from({ length: count }, (_, index) => values.slice(index * MAX_ARGUMENTS, (index + 1) * MAX_ARGUMENTS));
}

function readablePairs(
  segment: Segment,
  metric: string,
  changed: Iterable<string>,
  show: ReturnType<typeof readableValueOf> | undefined,
): readonly string[] {
  const pairs: string[] = [];
  for (const key of changed) {
    const cell = segment.cells.get(metric)?.get(key);
    if (cell && show) pairs.push(readableField(cell), show(cell));
  }
  return pairs;
}
