import type { Metric, Offsets } from '@tandem/shared';

export type RecomputePlan = {
  readonly runId: number;
  readonly metrics: readonly Metric[];
  /** The days to recompute, some at a time: absolute paths of all their files, verified. */
  readonly chunks: readonly (readonly string[])[];
  /**
   * What the base run knew already, exclusive per partition: events at or above are new to the all-time rows.
   * All zero in a full run: then everything is new.
   */
  readonly baseBoundary: Offsets;
  /** Absolute paths of every file below the base's boundary, verified; empty in a full run. */
  readonly baseFiles: readonly string[];
  /** The base's view, as CSV files made by `ViewPublisher.exportBase`; null in a full run. */
  readonly base: BaseExport | null;
  /** Absolute path of an empty folder for the results. */
  readonly outputFolder: string;
};

export type BaseExport = {
  /** Rows `partition,offset`: conflicts of the base's versions of all days. */
  readonly conflictsFile: string;
  /**
   * By metric name: rows `grouping, dimensions…, measures…, sketches as hexadecimal text…`: the base's all-time rows,
   * and its day rows of the days to recompute with the sign of sums and counts turned.
   */
  readonly rowFiles: ReadonlyMap<string, string>;
};

export type RecomputeResult =
  | {
      /** A new copy took the place of one that the base had counted: only a full run gives right all-time rows. */
      readonly displaced: true;
    }
  | {
      readonly displaced: false;
      /** By metric name: CSV files in the order of `viewColumns`. */
      readonly rowFiles: ReadonlyMap<string, readonly string[]>;
      /** CSV in the column order of tandem.day_tally. */
      readonly tallyFile: string;
      /** CSV in the column order of tandem.day_conflict. */
      readonly conflictFile: string;
    };

/** What turns rows into Parquet and the master dataset into a batch view. Rows stay in files, never in this process. */
export interface BatchEngine {
  /**
   * Writes the events of a JSONL file (see rows-writer.ts) as one Parquet file per day: `<folder>/<day>.parquet`.
   * `days` are all the days that occur.
   */
  writeDayFiles(rowsFile: string, days: readonly string[], folder: string): Promise<void>;
  recompute(plan: RecomputePlan): Promise<RecomputeResult>;
  close(): void;
}
