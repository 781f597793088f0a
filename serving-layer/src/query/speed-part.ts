import {
  addStates,
  type Cell,
  DistinctSketch,
  type MeasureState,
  MS_PER_HOUR,
  type Segment,
  zeroStates,
} from '@tandem/shared';
import { bucketOf, type Group, groupKey, positionsOf } from './group.js';
import type { Query } from './query.js';
import type { MeasureValue, Part, Values } from './values.js';

/** What speed says: the cells of these segments, filtered and grouped. Reads them; changes nothing. */
export function foldSegments(query: Query, segments: Iterable<Segment>): Part {
  const groups = new Map<string, { group: Group; states: MeasureState[] }>();
  const groupOf = grouping(query);
  for (const segment of segments) {
    for (const cell of segment.cells.get(query.metric.name)?.values() ?? []) {
      const group = groupOf(cell);
      if (!group) continue;
      const key = groupKey(group);
      const held = groups.get(key) ?? { group, states: zeroStates(query.metric) };
      groups.set(key, held);
      addStates(held.states, cell.states);
    }
  }
  return new Map([...groups].map(([key, { group, states }]) => [key, { group, values: valuesOf(states) }]));
}

/** The group that a cell falls into; null where it is filtered out. */
export function grouping({ metric, where, groupBy, range, granularity }: Query): (cell: Cell) => Group | null {
  const groupPositions = positionsOf(metric, groupBy);
  const filters = where.map(({ dimension, values }) => ({
    position: metric.dimensions.indexOf(dimension),
    values: new Set(values),
  }));
  const fromHour = (range?.fromMs ?? Number.NEGATIVE_INFINITY) / MS_PER_HOUR;
  const toHour = (range?.toMs ?? Number.POSITIVE_INFINITY) / MS_PER_HOUR;
  return ({ hour, dimensions }) => {
    if (hour < fromHour || hour >= toHour) return null;
    if (filters.some(({ position, values }) => !values.has(dimensions[position] ?? ''))) return null;
    return {
      values: groupPositions.map((position) => dimensions[position] ?? ''),
      bucketMs: bucketOf(granularity, hour * MS_PER_HOUR),
    };
  };
}

export function valuesOf(states: readonly MeasureState[]): Values {
  return states.map(
    (state): MeasureValue =>
      state instanceof DistinctSketch ? { count: state.count(), isExact: state.isExact, sketch: state } : state,
  );
}
