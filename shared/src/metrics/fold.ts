import { type Event, type EventType, fieldOf } from '../events/event.js';
import type { FieldName } from '../events/fields.js';
import { addExact, type ExactInteger } from '../exact-integer.js';
import type { DistinctSketch } from '../measures/distinct-sketch.js';
import { HashCache } from '../measures/hash-cache.js';
import type { Cells, MeasureState } from './cell.js';
import { CellIndex } from './cell-index.js';
import { dimensionField } from './define-metric.js';
import type { Measure, Metric } from './metric.js';

/** Applies one event to the cells of one metric. Deduplicates nothing: that is the caller's to do. */
export type Fold = (cells: Cells, event: Event) => void;

export type Step = { readonly index: number; readonly kind: Measure['kind']; readonly field: FieldName | undefined };

/** The measures of one event type that find their dimensions in the same fields, so that they share a cell. */
export type Projection = { readonly dimensionFields: readonly FieldName[]; readonly steps: Step[] };

/** Turns a definition into its fold: what each event type does to which cell is worked out once. */
export function foldOf(metric: Metric): Fold {
  const projections = projectionsOf(metric);
  let index = new CellIndex(metric, new Map());
  return (cells, event) => {
    const ofType = projections.get(event.type);
    if (ofType === undefined) return;
    // Events come in stretches that are folded into the same cells: one index at a time is enough.
    if (index.cells !== cells) index = new CellIndex(metric, cells);
    for (const { dimensionFields, steps } of ofType) {
      const { states } = index.cellOf(event, dimensionFields);
      for (const step of steps) apply(states, step, event);
    }
  };
}

/** For each event type the projections that read it. The batch SQL is made from the same. */
export function projectionsOf(metric: Metric): ReadonlyMap<EventType, readonly Projection[]> {
  const byType = new Map<EventType, Projection[]>();
  Object.values(metric.measures).forEach((measure, index) => {
    const dimensionFields = metric.dimensions.map((dimension) => dimensionField(measure, dimension));
    for (const type of measure.of) {
      const projections = byType.get(type) ?? [];
      byType.set(type, projections);
      let projection = projections.find((candidate) => String(candidate.dimensionFields) === String(dimensionFields));
      if (!projection) {
        projection = { dimensionFields, steps: [] };
        projections.push(projection);
      }
      projection.steps.push({ index, kind: measure.kind, field: measure.field });
    }
  });
  return byType;
}

function apply(states: MeasureState[], { index, kind, field }: Step, event: Event): void {
  const value = field === undefined ? 1 : fieldOf(event, field);
  if (value === undefined || value === null) return;
  if (kind === 'distinct') (states[index] as DistinctSketch).add(hashes.hashOf(String(value)));
  else states[index] = addExact(states[index] as ExactInteger, value as number);
}

const hashes = new HashCache();
