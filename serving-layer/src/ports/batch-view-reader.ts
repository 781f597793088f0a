import type { DistinctSketch, ExactInteger, PublishedRun } from '@tandem/shared';
import type { Group } from '../query/group.js';
import type { Query } from '../query/query.js';

/** Rows of one group added up, measure by measure. Of a distinct measure the sum means something only if `rows` is 1. */
export type SummedRows = { readonly group: Group; readonly rows: number; readonly sums: readonly ExactInteger[] };

/** Sketches of one group united, by measure of the metric; null for measures that have none. */
export type UnitedSketches = readonly (DistinctSketch | null)[];

/** Per partition what a run's view is made of. `read` = events + invalid + barriers, events = folded + duplicate. */
export type BatchTally = {
  readonly partition: number;
  readonly folded: number;
  readonly duplicate: number;
  /** Among the duplicates, copies that differed from the one that counts. */
  readonly conflicts: number;
};

/** What the archiver found in a stretch of one partition. */
export type ArchiveTally = {
  readonly partition: number;
  readonly events: number;
  readonly invalid: number;
  readonly barriers: number;
};

/** The batch view at rest: written by the batch layer, read by the serving layer. */
export interface BatchViewReader {
  /**
   * The numbers of every group of a query, of one run and no other. Throws `too-large` above MAX_GROUPS,
   * `not-provable` when the run was dropped meanwhile, `unavailable`.
   */
  sums(run: PublishedRun, query: Query): Promise<readonly SummedRows[]>;

  /** The sketches of every group of a query, by `groupKey`. Throws like `sums`, and `too-large` above MAX_HASHES. */
  sketches(run: PublishedRun, query: Query): Promise<ReadonlyMap<string, UnitedSketches>>;

  /** One per partition that has events below the run's boundary. */
  tallies(run: PublishedRun): Promise<readonly BatchTally[]>;

  /** What was archived from `from` (inclusive) to `to` (exclusive), one per partition that has any. */
  archived(from: readonly number[], to: readonly number[]): Promise<readonly ArchiveTally[]>;
}
