import type { Cells } from '../metrics/cell.js';
import type { Tally } from '../tally.js';

/** The realtime view's state for one partition from `start` (inclusive: a barrier, or where reading began) to the next. */
export type Segment = {
  readonly start: number;
  readonly tally: Tally;
  /** By metric name. */
  readonly cells: ReadonlyMap<string, Cells>;
};

export type PartitionView = {
  /** First offset that is covered (inclusive): segments below have been dropped, or reading began here. */
  readonly from: number;
  /** Every record below (exclusive) is in the segments. */
  readonly applied: number;
  /** Ascending by start; each reaches to the start of the next, the last one to `applied`. */
  readonly segments: readonly Segment[];
  /** Why no answer can rest on this partition now (it is being rebuilt, is lost, or full); null when it can. */
  readonly cold: string | null;
  /** As in Standing. */
  readonly lastDigest?: string | null;
  /** As in Standing. */
  readonly lastBarrier?: string | null;
};

export type RealtimeView = {
  /** Changes whenever the view does: equal versions of one store mean equal views. */
  readonly version: number;
  /** By partition number. One that nobody has begun, or that the store has lost, covers nothing from 0 and is cold. */
  readonly partitions: readonly PartitionView[];
};

/** Where a partition of the view stands. */
export type Standing = {
  readonly from: number;
  /** Exclusive. */
  readonly applied: number;
  /** Start of the segment that the next record continues, unless it is a barrier. */
  readonly segmentStart: number;
  readonly cold: string | null;
  /** Of the record below `applied`, as whoever applied it said: tells whether the log still is the one that was read. */
  readonly lastDigest?: string | null;
  /** Name of the latest barrier below `applied`, as far as it was applied since the partition was begun. */
  readonly lastBarrier?: string | null;
};

/** A claim on one partition: `owner` grows with every claim, `held` is what the partition can go on from; null: nothing. */
export type Claim = { readonly owner: number; readonly held: Standing | null };

/** A stretch of one partition, folded: records from `from` (inclusive) to `to` (exclusive). */
export type FoldedStretch = {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** Ascending; the first may continue the store's last segment (same start), further ones begin at barriers. */
  readonly segments: readonly Segment[];
  /** Of the last record; see digestOf. */
  readonly lastDigest?: string;
  /** Name of the last barrier in it or below; absent or null: none is known. */
  readonly lastBarrier?: string | null;
};

/** The realtime view at rest: written by the speed layer, read by the serving layer. */
export interface RealtimeViewStore {
  /** Makes the caller the partition's only writer: writes with an older claim are refused with `fenced`. Changes no cell. */
  claim(partition: number): Promise<Claim>;

  /** Begins the partition anew at `from` (inclusive), dropping whatever was there; cold until `setCold(…, null)`. */
  begin(partition: number, owner: number, from: number): Promise<void>;

  /**
   * Adds a stretch: its segments and the applied offset change together or not at all. The store takes over the cells.
   * Throws `fenced` for an older claim or a partition that the store has lost, `conflict` when `stretch.from` is not the
   * applied offset, `unavailable` when the store is away: then the same stretch may be applied again, and counts once.
   */
  apply(owner: number, stretch: FoldedStretch): Promise<void>;

  /** Drops the partition's segments that lie below the boundary (exclusive). Never splits one, never the last. */
  dropBelow(partition: number, owner: number, boundary: number): Promise<void>;

  /** Says why answers cannot rest on the partition, or null that they can. */
  setCold(partition: number, owner: number, reason: string | null): Promise<void>;

  /** Cells and sketch hashes in the partitions that were claimed here: what memory grows with. Asks nobody. */
  heldSize(): number;

  /** The view now, of one moment per partition. Read-only, and valid only until the caller's next await. */
  view(): Promise<RealtimeView>;

  close(): Promise<void>;
}

/** The first reason why no answer can rest on the view; null when one can. */
export function coldReason({ partitions }: RealtimeView): string | null {
  const partition = partitions.findIndex(({ cold }) => cold !== null);
  return partition === -1 ? null : `partition ${partition}: ${partitions[partition]?.cold}`;
}
