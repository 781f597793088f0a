import type { Offsets } from '@tandem/shared';

/** A file of the master dataset as the catalog knows it. */
export type CatalogFile = {
  /** Relative to the master dataset's folder, like `events/day=2011-12-09/run-17-0-1f2e3d4c.parquet`. */
  readonly path: string;
  /** The event-time day of every event in it, like `2011-12-09`, UTC. */
  readonly day: string;
  readonly rowCount: number;
  readonly byteCount: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Inclusive, per partition; equal to `lastOffsets` where the file holds no event of that partition. */
  readonly firstOffsets: Offsets;
  /** Exclusive. */
  readonly lastOffsets: Offsets;
};

/** What the archiver read of one partition: `to − from = events + invalid + barriers`. */
export type ArchiveStretch = {
  readonly partition: number;
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly events: number;
  readonly invalid: number;
  readonly barriers: number;
};

/** The master dataset's catalog: a file counts only once it stands here. Writes carry the lease's token. */
export interface Catalog {
  /** Per partition the offset up to which (exclusive) the log is archived. */
  position(): Promise<Offsets>;
  /** Every file, by day, then path. */
  files(): Promise<readonly CatalogFile[]>;
  /** Paths that were marked corrupt. */
  corruptPaths(): Promise<readonly string[]>;
  /**
   * Adds a chunk: its files become visible and the position moves over its stretches in one transaction.
   * Throws `fenced` for an old token, `conflict` when a stretch does not begin at the position.
   */
  addChunk(token: number, files: readonly CatalogFile[], stretches: readonly ArchiveStretch[]): Promise<void>;
  /** Marks a file whose bytes are not those that were archived. Idempotent. */
  markCorrupt(path: string): Promise<void>;
  /** Puts a file that was archived again in the place of a corrupt one. Throws `fenced` for an old token. */
  replaceFile(token: number, corruptPath: string, file: CatalogFile): Promise<void>;
}
