import { TandemError } from '../../errors.js';
import { addStates, type Cells, cellSize } from '../../metrics/cell.js';
import type {
  FoldedStretch,
  PartitionView,
  RealtimeView,
  RealtimeViewStore,
  Segment,
} from '../../ports/realtime-view-store.js';
import { addTallies, type Tally } from '../../tally.js';

type HeldSegment = { start: number; tally: Tally; cells: Map<string, Cells>; size: number };
type HeldPartition = { from: number; applied: number; segments: HeldSegment[] };

/** The realtime view in process memory: one owner writes, readers in the same process see whole stretches. */
export class MemoryRealtimeViewStore implements RealtimeViewStore {
  #owner = 0;
  #version = 0;
  #cold: string | null = 'the speed layer has not started yet';
  #partitions: HeldPartition[] = [];

  async begin(from: readonly number[]): Promise<number> {
    this.#partitions = from.map((offset) => ({ from: offset, applied: offset, segments: [] }));
    this.#cold = 'the realtime view is being rebuilt from the log';
    this.#version++;
    return ++this.#owner;
  }

  async apply(owner: number, stretch: FoldedStretch): Promise<void> {
    const held = this.#heldBy(owner, stretch.partition);
    if (stretch.from !== held.applied) {
      throw new TandemError(
        'conflict',
        `found a stretch of partition ${stretch.partition} from offset ${stretch.from}; allowed is ${held.applied}, the applied offset`,
      );
    }
    refuseDisorder(held, stretch);
    for (const segment of stretch.segments) addSegment(held, segment);
    held.applied = stretch.to;
    this.#version++;
  }

  async dropBelow(owner: number, boundary: readonly number[]): Promise<void> {
    boundary.forEach((offset, partition) => {
      const held = this.#heldBy(owner, partition);
      // A segment ends where the next begins: the last one is still growing and stays.
      const dropped = held.segments.filter((_, index) => endOf(held, index) <= offset).length;
      if (dropped === 0) return;
      held.segments.splice(0, dropped);
      held.from = held.segments[0]?.start ?? held.from;
      this.#version++;
    });
  }

  async setCold(owner: number, reason: string | null): Promise<void> {
    this.#refuseStale(owner);
    this.#cold = reason;
    this.#version++;
  }

  async heldSize(): Promise<number> {
    return this.#partitions.flatMap(({ segments }) => segments).reduce((sum, { size }) => sum + size, 0);
  }

  async view(): Promise<RealtimeView> {
    return { version: this.#version, partitions: this.#partitions satisfies PartitionView[], cold: this.#cold };
  }

  #heldBy(owner: number, partition: number): HeldPartition {
    this.#refuseStale(owner);
    const held = this.#partitions[partition];
    if (!held)
      throw new TandemError(
        'not-found',
        `found partition ${partition}; allowed are 0 to ${this.#partitions.length - 1}`,
      );
    return held;
  }

  #refuseStale(owner: number): void {
    if (owner === this.#owner) return;
    throw new TandemError(
      'fenced',
      `found owner ${owner}; allowed is ${this.#owner}, which has taken the realtime view over`,
    );
  }
}

function endOf(held: HeldPartition, index: number): number {
  return held.segments[index + 1]?.start ?? Number.POSITIVE_INFINITY;
}

/** The first segment goes on with the last one held or begins at `from`; the others begin after it, before `to`. */
function refuseDisorder(held: HeldPartition, { partition, from, to, segments }: FoldedStretch): void {
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

function addSegment(held: HeldPartition, segment: Segment): void {
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
