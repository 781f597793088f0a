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
};

export type RealtimeView = {
  /** Changes whenever the view does: equal versions of one store mean equal views. */
  readonly version: number;
  /** By partition number. Empty until an owner has begun. */
  readonly partitions: readonly PartitionView[];
  /** Why no answer can rest on this view now (it is being rebuilt, or full); null when it can. */
  readonly cold: string | null;
};

/** A stretch of one partition, folded: records from `from` (inclusive) to `to` (exclusive). */
export type FoldedStretch = {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** Ascending; the first may continue the store's last segment (same start), further ones begin at barriers. */
  readonly segments: readonly Segment[];
};

/** The realtime view at rest: written by the speed layer, read by the serving layer. */
export interface RealtimeViewStore {
  /**
   * Begins anew at `from` (inclusive) per partition, dropping whatever was there, cold until `setCold(owner, null)`.
   * Returns the owner's token: writes with an older token are refused with `fenced`.
   */
  begin(from: readonly number[]): Promise<number>;

  /**
   * Adds a stretch: its segments and the applied offset change together. The store takes over the cells.
   * Throws `fenced` for an older owner, `conflict` when `stretch.from` is not the applied offset.
   */
  apply(owner: number, stretch: FoldedStretch): Promise<void>;

  /** Drops the segments that lie below the boundary (exclusive) in each partition. Never splits one. */
  dropBelow(owner: number, boundary: readonly number[]): Promise<void>;

  /** Says why answers cannot rest on the view, or null that they can. */
  setCold(owner: number, reason: string | null): Promise<void>;

  /** Cells and sketch hashes held in all segments together: what memory grows with. */
  heldSize(): Promise<number>;

  /** The view now, of one moment per partition. Read-only, and valid only until the caller's next await. */
  view(): Promise<RealtimeView>;
}
