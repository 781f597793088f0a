import { DistinctSketch, hashOf } from '../../../measures/distinct-sketch.js';
import { type Cells, cellKey } from '../../../metrics/cell.js';
import type { FoldedStretch, RealtimeView, Segment } from '../../../ports/realtime-view-store.js';
import { ZERO_TALLY } from '../../../tally.js';

const CATEGORIES = ['books', 'toys', 'garden', 'Überraschung 🎁', 'a=b c'];
/** A barrier every so many offsets. */
export const SEGMENT_RECORDS = 40;

/** Records that each add 1 and an order of their own to one cell: so a view of them can be checked by counting. */
export function countedStretch(partition: number, from: number, to: number): FoldedStretch {
  const segments = new Map<number, Segment & { cells: Map<string, Cells> }>();
  for (let offset = from; offset < to; offset++) {
    const start = offset - (offset % SEGMENT_RECORDS);
    const segment = segments.get(start) ?? { start, tally: ZERO_TALLY, cells: new Map([['sales', new Map()]]) };
    const { read, folded } = segment.tally;
    const tally = { ...segment.tally, read: read + 1, folded: folded + 1 };
    segments.set(start, { ...segment, tally });
    addRecord(segment.cells.get('sales') ?? new Map(), offset);
  }
  return { partition, from, to, segments: [...segments.values()] };
}

function addRecord(cells: Cells, offset: number): void {
  const dimensions = [CATEGORIES[offset % CATEGORIES.length] ?? ''];
  const hour = 490_000 + (offset % 3);
  const cell = cells.get(cellKey(hour, dimensions)) ?? { hour, dimensions, states: [0, new DistinctSketch()] };
  cell.states[0] = Number(cell.states[0]) + 1;
  (cell.states[1] as DistinctSketch).add(hashOf(`order-${offset}`));
  cells.set(cellKey(hour, dimensions), cell);
}

/** What a view says of each partition, counted in three ways that must agree: records, sums, orders. Null where it is cold. */
export function countsOf(view: RealtimeView): readonly (Counts | null)[] {
  return view.partitions.map(({ from, applied, segments, cold }) => {
    if (cold !== null) return null;
    let [read, sum, orders] = [0, 0, 0];
    for (const { tally, cells } of segments) {
      read += tally.read;
      for (const { states } of cells.get('sales')?.values() ?? []) {
        sum += Number(states[0]);
        orders += (states[1] as DistinctSketch).count();
      }
    }
    return { from, applied, read, sum, orders };
  });
}

export type Counts = {
  readonly from: number;
  readonly applied: number;
  readonly read: number;
  readonly sum: number;
  readonly orders: number;
};

/** The counts of a view that has every record from 0 to `applied` (exclusive) and no other. */
export function wholeCounts(applied: number): Counts {
  return { from: 0, applied, read: applied, sum: applied, orders: applied };
}
