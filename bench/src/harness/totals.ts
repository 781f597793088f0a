import { type Cells, DistinctSketch, type Metric, type RealtimeView, TandemError } from '@tandem/shared';

/**
 * What two implementations of the same work are compared by: what became of the records ("read", "folded", "duplicate",
 * "invalid"; barriers, which each deployment draws for itself, are left out), the number of cells per partition summed
 * ("cells"), and each measure summed over all cells ("revenue.gross"), a distinct count as the sum of the cells' counts.
 */
export type Totals = Readonly<Record<string, number>>;

/** The totals of a realtime view. A cell that lies in two segments counts twice: compare views without barriers. */
export function totalsOf({ partitions }: RealtimeView, metrics: readonly Metric[]): Totals {
  const totals = new Map(['read', 'folded', 'duplicate', 'invalid', 'cells'].map((name) => [name, 0]));
  for (const metric of metrics)
    for (const measure of Object.keys(metric.measures)) totals.set(`${metric.name}.${measure}`, 0);
  for (const { tally, cells } of partitions.flatMap(({ segments }) => segments)) {
    add(totals, 'read', tally.read - tally.barriers);
    for (const name of ['folded', 'duplicate', 'invalid'] as const) add(totals, name, tally[name]);
    for (const metric of metrics) addCells(totals, metric, cells.get(metric.name) ?? new Map());
  }
  return Object.fromEntries(totals);
}

function addCells(totals: Map<string, number>, metric: Metric, cells: Cells): void {
  const names = Object.keys(metric.measures).map((measure) => `${metric.name}.${measure}`);
  add(totals, 'cells', cells.size);
  for (const { states } of cells.values()) {
    for (const [index, name] of names.entries()) {
      const state = states[index];
      add(totals, name, state instanceof DistinctSketch ? state.count() : Number(state));
    }
  }
}

function add(totals: Map<string, number>, name: string, value: number): void {
  totals.set(name, (totals.get(name) ?? 0) + value);
}

/** Only the totals of these names. */
export function pickTotals(totals: Totals, names: readonly string[]): Totals {
  return Object.fromEntries(names.map((name) => [name, totals[name] ?? Number.NaN]));
}

/** Throws `internal` when `who` did not do the work that was expected, naming every total that differs. */
export function checkTotals(who: string, found: Totals, expected: Totals): void {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  const wrong = [...names].filter((name) => found[name] !== expected[name]);
  if (wrong.length === 0) return;
  const facts = wrong.map((name) => `${name}: found ${found[name]}, expected ${expected[name]}`);
  throw new TandemError('internal', `${who} did other work than the rest: ${facts.join('; ')}`);
}
