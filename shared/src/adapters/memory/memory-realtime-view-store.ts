import { TandemError } from '../../errors.js';
import type {
  Claim,
  FoldedStretch,
  PartitionView,
  RealtimeView,
  RealtimeViewStore,
} from '../../ports/realtime-view-store.js';
import { addStretch, dropSegments, type HeldPartition, sizeHeld, standingOf } from './held-partition.js';

type OwnedPartition = HeldPartition & {
  /** Number of the latest claim; 0 before the first. */
  owner: number;
  isBegun: boolean;
};

/** The realtime view in process memory: whoever claims a partition writes, readers in the same process see whole stretches. */
export class MemoryRealtimeViewStore implements RealtimeViewStore {
  #version = 0;
  readonly #partitions: readonly OwnedPartition[];

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
    return { owner, held: held.isBegun ? standingOf(held) : null };
  }

  async begin(partition: number, owner: number, from: number): Promise<void> {
    const cold = 'the realtime view is being rebuilt from the log';
    Object.assign(this.#heldBy(owner, partition), {
      from,
      applied: from,
      segments: [],
      cold,
      lastDigest: null,
      lastBarrier: null,
      isBegun: true,
    });
    this.#version++;
  }

  async apply(owner: number, stretch: FoldedStretch): Promise<void> {
    const held = this.#heldBy(owner, stretch.partition);
    if (!held.isBegun) {
      throw new TandemError(
        'conflict',
        `found a stretch of partition ${stretch.partition}, which is not begun; allowed is one after begin()`,
      );
    }
    addStretch(held, stretch);
    this.#version++;
  }

  async dropBelow(partition: number, owner: number, boundary: number): Promise<void> {
    const held = this.#heldBy(owner, partition);
    if (dropSegments(held, boundary).length > 0) this.#version++;
  }

  async setCold(partition: number, owner: number, reason: string | null): Promise<void> {
    this.#heldBy(owner, partition).cold = reason;
    this.#version++;
  }

  heldSize(): number {
    return this.#partitions.reduce((sum, held) => sum + sizeHeld(held), 0);
  }

  async view(): Promise<RealtimeView> {
    return { version: this.#version, partitions: this.#partitions satisfies readonly PartitionView[] };
  }

  async close(): Promise<void> {}

  #partitionAt(partition: number): OwnedPartition {
    const held = this.#partitions[partition];
    if (held) return held;
    throw new TandemError('not-found', `found partition ${partition}; allowed are 0 to ${this.#partitions.length - 1}`);
  }

  #heldBy(owner: number, partition: number): OwnedPartition {
    const held = this.#partitionAt(partition);
    if (owner === held.owner) return held;
    throw new TandemError(
      'fenced',
      `found claim ${owner} of partition ${partition}; allowed is ${held.owner}: another worker has claimed it since`,
    );
  }
}
