import { addExact, type ExactInteger } from '../exact-integer.js';
import { DistinctSketch } from '../measures/distinct-sketch.js';
import type { Metric } from './metric.js';

/** State of one measure: an exact integer for `sum` and `count`, a sketch for `distinct`. */
export type MeasureState = ExactInteger | DistinctSketch;

/** The measures of one metric for one hour of event time and one tuple of dimension values. */
export type Cell = {
  /** Whole hours since 1970, UTC. */
  readonly hour: number;
  /** One value per dimension of the metric, in its order. */
  readonly dimensions: readonly string[];
  /** One state per measure of the metric, in its order. Owned by whoever holds the cell. */
  readonly states: MeasureState[];
};

/** The cells of one metric, by `cellKey`. */
export type Cells = Map<string, Cell>;

/** Dimension values hold no control characters, so a key names one hour and one tuple. */
export function cellKey(hour: number, dimensions: readonly string[]): string {
  return `${hour}\n${dimensions.join('\n')}`;
}

/** The neutral states of a metric's measures. */
export function zeroStates(metric: Metric): MeasureState[] {
  return Object.values(metric.measures).map((measure) => (measure.kind === 'distinct' ? new DistinctSketch() : 0));
}

/** Adds `added` into `states`, measure by measure: integers add, sketches unite. Changes `states`, never `added`. */
export function addStates(states: MeasureState[], added: readonly MeasureState[]): void {
  for (let index = 0; index < states.length; index++) {
    const state = states[index];
    const addition = added[index];
    if (state instanceof DistinctSketch) state.addAll(addition as DistinctSketch);
    else states[index] = addExact(state as ExactInteger, addition as ExactInteger);
  }
}

/** How much memory a cell stands for: one for itself and one for every sketch hash. */
export function cellSize({ states }: Cell): number {
  let size = 1;
  for (const state of states) if (state instanceof DistinctSketch) size += state.heldHashes;
  return size;
}

/** Adds every cell of `added` into `cells`. Changes `cells`, never `added`. */
export function addCells(metric: Metric, cells: Cells, added: Cells): void {
  for (const [key, cell] of added) {
    addStates(cellAt(metric, cells, key, cell.hour, cell.dimensions).states, cell.states);
  }
}

/** The cell at a key, made with neutral states if there is none. */
export function cellAt(metric: Metric, cells: Cells, key: string, hour: number, dimensions: readonly string[]): Cell {
  const found = cells.get(key);
  if (found) return found;
  const cell = { hour, dimensions, states: zeroStates(metric) };
  cells.set(key, cell);
  return cell;
}
