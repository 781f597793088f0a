import { TandemError } from '../../errors.js';
import { addStates, type Cells, cellSize } from '../../metrics/cell.js';
import type { FoldedStretch, Segment, Standing } from '../../ports/realtime-view-store.js';
import { addTallies, type Tally } from '../../tally.js';

export type HeldSegment = { start: number; tally: Tally; cells: Map<string, Cells>; size: number };

/** One partition of the realtime view in process memory: what the view in memory is, and what copies of one elsewhere are. */
export type HeldPartition = {
  from: number;
  applied: number;
  segments: HeldSegment[];
  cold: string | null;
  lastDigest?: string | null;
  lastBarrier?: string | null;
};

export function standingOf({ from, applied, segments, cold, ...last }: HeldPartition): Standing {
  const { lastDigest = null, lastBarrier = null } = last;
  return { from, applied, segmentStart: segments.at(-1)?.start ?? applied, cold, lastDigest, lastBarrier };
}

/**
 * Adds a stretch and takes over its cells. Cells that are held go on being the same objects.
 * Throws `conflict` as `refuseStretch` does, and then changes nothing.
 */
export function addStretch(held: HeldPartition, stretch: FoldedStretch): void {
  refuseStretch(held, stretch);
  for (const segment of stretch.segments) addSegment(held, segment);
  held.applied = stretch.to;
  held.lastDigest = stretch.lastDigest ?? null;
  held.lastBarrier = stretch.lastBarrier ?? null;
}

/** Drops the segments that lie below the boundary (exclusive), and returns them. */
export function dropSegments(held: HeldPartition, boundary: number): readonly HeldSegment[] {
  // A segment ends where the next begins: the last one is still growing and stays.
  const count = held.segments.filter((_, index) => endOf(held, index) <= boundary).length;
  const dropped = held.segments.splice(0, count);
  if (count > 0) held.from = held.segments[0]?.start ?? held.from;
  return dropped;
}

/** Cells and sketch hashes. */
export function sizeHeld({ segments }: HeldPartition): number {
  return segments.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Throws `conflict` unless the stretch begins at the applied offset and its segments are in order: the first goes on with
 * the last one held or begins at `from` or above, the others begin after it, before `to`.
 */
export function refuseStretch(held: HeldPartition, { partition, from, to, segments }: FoldedStretch): void {
  if (from !== held.applied) {
    throw new TandemError(
      'conflict',
      `found a stretch of partition ${partition} from offset ${from}; allowed is ${held.applied}, the applied offset`,
    );
  }
  const goesOnFrom = held.segments.at(-1)?.start;
  const starts = segments.map(({ start }) => start);
  const isInOrder = starts.every((start, index) =>
    index === 0
      ? start === goesOnFrom || (start >= from && start < to)
      : start > (starts[index - 1] ?? from) && start < to,
  );
  if (isInOrder && from <= to) return;
  throw new TandemError(
    'conflict',
    `found segments of partition ${partition} that start at ${starts.join(', ')} in a stretch from ${from} to ${to}; allowed are ascending starts within it, or first ${goesOnFrom ?? from}`,
  );
}

export function addSegment(held: HeldPartition, segment: Segment): void {
  const last = held.segments.at(-1);
  if (last?.start !== segment.start) {
    held.segments.push({ ...segment, cells: new Map(segment.cells), size: sizeOf(segment) });
    return;
  }
  last.tally = addTallies(last.tally, segment.tally);
  for (const [name, added] of segment.cells) {
    const cells = last.cells.get(name) ?? new Map();
    last.cells.set(name, cells);
    last.size += absorbCells(cells, added);
  }
}

function endOf(held: HeldPartition, index: number): number {
  return held.segments[index + 1]?.start ?? Number.POSITIVE_INFINITY;
}

function sizeOf({ cells }: Segment): number {
  let size = 0;
  for (const ofMetric of cells.values()) for (const cell of ofMetric.values()) size += cellSize(cell);
  return size;
}

/** Adds `added` into `cells` and returns by how much they grew. Where there is no such cell yet, takes over the added one. */
function absorbCells(cells: Cells, added: Cells): number {
  let growth = 0;
  for (const [key, cell] of added) {
    const held = cells.get(key);
    if (held) {
      growth -= cellSize(held);
      addStates(held.states, cell.states);
    } else cells.set(key, cell);
    growth += cellSize(held ?? cell);
  }
  return growth;
}
