import { TandemError } from '../../errors.js';
import { addStates, type Cells, cellSize } from '../../metrics/cell.js';
import type { Metric } from '../../metrics/metric.js';
import type {
  FoldedStretch,
  PartitionView,
  RealtimeView,
  RealtimeViewStore,
  Segment,
} from '../../ports/realtime-view-store.js';
import { addTallies, type Tally } from '../../tally.js';

type HeldSegment = { start: number; tally: Tally; cells: Segment['cells']; size: number };
type HeldPartition = { from: number; applied: number; segments: HeldSegment[] };

/** The realtime view in process memory: one owner writes, readers in the same process see whole stretches. */
export class MemoryRealtimeViewStore implements RealtimeViewStore {
  readonly #metrics: readonly Metric[];
  #owner = 0;
  #version = 0;
  #cold: string | null = 'the speed layer has not started yet';
  #partitions: HeldPartition[] = [];

  constructor(metrics: readonly Metric[]) {
    this.#metrics = metrics;
  }

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
    for (const segment of stretch.segments) this.#addSegment(held, segment);
    held.applied = stretch.to;
    this.#version++;
  }

  async dropBelow(owner: number, boundary: readonly number[]): Promise<void> {
    boundary.forEach((offset, partition) => {
      const held = this.#heldBy(owner, partition);
      const keptFrom = held.segments.findIndex(
        (_, index) => (held.segments[index + 1]?.start ?? held.applied) > offset,
      );
      const dropped = keptFrom === -1 ? held.segments.length : keptFrom;
      if (dropped === 0) return;
      held.segments.splice(0, dropped);
      held.from = held.segments[0]?.start ?? held.applied;
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

  #addSegment(held: HeldPartition, segment: Segment): void {
    const last = held.segments.at(-1);
    if (last?.start !== segment.start) {
      held.segments.push({ ...segment, size: sizeOf(segment) });
      return;
    }
    last.tally = addTallies(last.tally, segment.tally);
    for (const { name } of this.#metrics) {
      const cells = last.cells.get(name);
      const added = segment.cells.get(name);
      if (cells && added) last.size += absorbCells(cells, added);
    }
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
