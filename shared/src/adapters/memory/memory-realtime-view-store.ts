import { TandemError } from '../../errors.js';
import { addStates, type Cells, cellSize } from '../../metrics/cell.js';
import type {
  Claim,
  FoldedStretch,
  PartitionView,
  RealtimeView,
  RealtimeViewStore,
  Segment,
} from '../../ports/realtime-view-store.js';
import { addTallies, type Tally } from '../../tally.js';

type HeldSegment = { start: number; tally: Tally; cells: Map<string, Cells>; size: number };
type HeldPartition = {
  from: number;
  applied: number;
  segments: HeldSegment[];
  cold: string | null;
  /** Number of the latest claim; 0 before the first. */
  owner: number;
  isBegun: boolean;
};

/** The realtime view in process memory: whoever claims a partition writes, readers in the same process see whole stretches. */
export class MemoryRealtimeViewStore implements RealtimeViewStore {
  #version = 0;
  readonly #partitions: readonly HeldPartition[];

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, () => ({
      from: 0,
      applied: 0,
      segments: [],
      cold: 'the speed layer has not begun it yet',
      owner: 0,
      isBegun: false,
    }));
  }

  async claim(partition: number): Promise<Claim> {
    const held = this.#partitionAt(partition);
    const owner = ++held.owner;
    const { from, applied, segments, cold } = held;
    const standing = { from, applied, segmentStart: segments.at(-1)?.start ?? applied, cold };
    return { owner, held: held.isBegun ? standing : null };
  }

  async begin(partition: number, owner: number, from: number): Promise<void> {
    const cold = 'the realtime view is being rebuilt from the log';
    Object.assign(this.#heldBy(owner, partition), { from, applied: from, segments: [], cold, isBegun: true });
    this.#version++;
  }

  async apply(owner: number, stretch: FoldedStretch): Promise<void> {
    const held = this.#heldBy(owner, stretch.partition);
    if (!held.isBegun || stretch.from !== held.applied) {
      throw new TandemError(
        'conflict',
        `found a stretch of partition ${stretch.partition} from offset ${stretch.from}; allowed is ${held.applied}, the applied offset, once the partition is begun`,
      );
    }
    refuseDisorder(held, stretch);
    for (const segment of stretch.segments) addSegment(held, segment);
    held.applied = stretch.to;
    this.#version++;
  }

  async dropBelow(partition: number, owner: number, boundary: number): Promise<void> {
    const held = this.#heldBy(owner, partition);
    // A segment ends where the next begins: the last one is still growing and stays.
    const dropped = held.segments.filter((_, index) => endOf(held, index) <= boundary).length;
    if (dropped === 0) return;
    held.segments.splice(0, dropped);
    held.from = held.segments[0]?.start ?? held.from;
    this.#version++;
  }

  async setCold(partition: number, owner: number, reason: string | null): Promise<void> {
    this.#heldBy(owner, partition).cold = reason;
    this.#version++;
  }

  heldSize(): number {
    return this.#partitions.flatMap(({ segments }) => segments).reduce((sum, { size }) => sum + size, 0);
  }

  async view(): Promise<RealtimeView> {
    return { version: this.#version, partitions: this.#partitions satisfies readonly PartitionView[] };
  }

  async close(): Promise<void> {}

  #partitionAt(partition: number): HeldPartition {
    const held = this.#partitions[partition];
    if (held) return held;
    throw new TandemError('not-found', `found partition ${partition}; allowed are 0 to ${this.#partitions.length - 1}`);
  }

  #heldBy(owner: number, partition: number): HeldPartition {
    const held = this.#partitionAt(partition);
    if (owner === held.owner) return held;
    throw new TandemError(
      'fenced',
      `found claim ${owner} of partition ${partition}; allowed is ${held.owner}: another worker has claimed it since`,
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
