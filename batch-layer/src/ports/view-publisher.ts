import type { Metric } from '@tandem/shared';
import type { BaseExport, RecomputeResult } from './batch-engine.js';
import type { Durations } from './run-ledger.js';

export type Publication = {
  readonly token: number;
  readonly runId: number;
  readonly baseRun: number;
  /** Days that were recomputed; every other day is taken over from the base. */
  readonly days: readonly string[];
  readonly metrics: readonly Metric[];
  readonly result: Extract<RecomputeResult, { displaced: false }>;
  /** Asked for just before the commit. */
  readonly durations: () => Durations;
};

/** The batch views in Postgres. */
export interface ViewPublisher {
  /** Makes each metric's table, and stores how readers are to see it. Idempotent. */
  prepare(metrics: readonly Metric[]): Promise<void>;
  /** Makes the public views that are missing, and lets all show the current run. Waits for readers a second at most. */
  showViews(metrics: readonly Metric[]): Promise<void>;
  /** The same for views that could not be changed when a run was published or rolled back. Cheap when there are none. */
  showViewsThatWait(metrics: readonly Metric[]): Promise<void>;
  /** Writes what an incremental run needs of its base into `folder`. `days` are those to be recomputed. */
  exportBase(baseRun: number, metrics: readonly Metric[], days: readonly string[], folder: string): Promise<BaseExport>;
  /**
   * Publishes in one transaction: rows, days, tallies, the run, the pointer, the public views; drops what no kept run
   * needs. Waits for readers of the public views a second at most: what they hold is changed later.
   * Throws `fenced` for an old token, `conflict` when the current run is no longer the base,
   * `unavailable` when the connection broke: then the outcome is unknown, ask `RunLedger.outcome`.
   */
  publish(publication: Publication): Promise<void>;
}
