import type { Event } from '@tandem/shared';
import type { CatalogFile } from './catalog.js';

export type FileFacts = Pick<CatalogFile, 'path' | 'byteCount' | 'sha256'>;

/** Events on their way to Parquet: JSONL, one line each: `partition`, `offset` and the decoded event. */
export interface RowsWriter {
  add(partition: number, offset: number, event: Event): void;
  /** Lets the file system catch up; call it between batches. */
  drain(): Promise<void>;
  /** Idempotent. Throws `unavailable` when the disk is full or broken. */
  close(): Promise<void>;
}

/**
 * The files of the master dataset: which of them count is the catalog's to say, this only moves and checks bytes.
 * Throws `unavailable` when the disk is full or broken.
 */
export interface DatasetFiles {
  /** The absolute path of a path in the catalog. */
  absolute(path: string): string;
  /** Makes an empty folder for a run's work, on the same file system, so that files can be renamed into place. */
  makeWorkFolder(runId: number): Promise<string>;
  /** Opens a new file for rows; the path is absolute, below a work folder. */
  openRows(file: string): Promise<RowsWriter>;
  /**
   * Moves a finished file to its day's folder so that it survives a power cut: bytes first, then the name.
   * The name never collides with another: it ends in random digits. It begins with `run-` and the number of the run.
   */
  admit(finished: string, day: string, name: string): Promise<FileFacts>;
  /** Says what is wrong with a file of the catalog, or undefined when its bytes are those that were archived. */
  findFault(file: FileFacts): Promise<string | undefined>;
  /** Removes a file or folder by its absolute path, if it is there. */
  remove(absolutePath: string): Promise<void>;
  /**
   * Removes what runs before this one left behind: their work, and event files that are not in the catalog.
   * What a later run wrote is not touched: a holder of the lease that was frozen may wake when another has long gone on.
   * `catalogued` must have been read after the lease was taken. Returns the paths of the removed event files.
   */
  collectGarbage(catalogued: ReadonlySet<string>, runId: number): Promise<readonly string[]>;
}
