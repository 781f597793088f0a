import { addStates, type Cells, DistinctSketch, type Event, foldOf, normalizeExact, zeroStates } from '@tandem/shared';
import { answerByOracle, type OracleQuery } from '@tandem/shared/testing/oracle';
import { groupKey } from '../query/group.js';
import type { Query } from '../query/query.js';
import { grouping } from '../query/speed-part.js';
import type { MeasureValue, Part } from '../query/values.js';

/** What batch would say of these events: the oracle's numbers, and sketches united from cells. */
export function oraclePart(query: Query, events: readonly Event[], oracle: OracleQuery): Part {
  const { metric } = query;
  const sketches = sketchesByGroup(query, events);
  const rows = answerByOracle(metric, events, oracle);
  return new Map(
    rows.map(({ bucket, group: dimensions, values: numbers }) => {
      const group = { values: query.groupBy.map((name) => dimensions[name] ?? ''), bucketMs: bucket };
      const key = groupKey(group);
      const states = sketches.get(key) ?? zeroStates(metric);
      const values = Object.keys(metric.measures).map((name, index): MeasureValue => {
        const state = states[index];
        const number = Number(numbers[name]);
        return state instanceof DistinctSketch
          ? { count: number, isExact: true, sketch: state }
          : normalizeExact(numbers[name] ?? 0n);
      });
      return [key, { group, values }] as const;
    }),
  );
}

function sketchesByGroup(query: Query, events: readonly Event[]) {
  const cells: Cells = new Map();
  const fold = foldOf(query.metric);
  for (const event of events) fold(cells, event);
  const groupOf = grouping(query);
  const byGroup = new Map<string, ReturnType<typeof zeroStates>>();
  for (const cell of cells.values()) {
    const group = groupOf(cell);
    if (!group) continue;
    const states = byGroup.get(groupKey(group)) ?? zeroStates(query.metric);
    byGroup.set(groupKey(group), states);
    addStates(states, cell.states);
  }
  return byGroup;
}
