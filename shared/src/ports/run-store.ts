import type { Offsets } from '../offsets.js';

export type RunMode = 'incremental' | 'full';
export type RunTrigger = 'schedule' | 'manual' | 'start';

/** In order. `requested` to `publishing` are active: at most one run is. */
export const RUN_STATES = [
  'requested',
  'cutting',
  'archiving',
  'recomputing',
  'publishing',
  'published',
  'failed',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** What a run that stands still waits for, in a sentence, and since when. */
export type RunWait = { readonly for: string; readonly since: Date };

export type BatchRun = {
  readonly id: number;
  readonly mode: RunMode;
  readonly trigger: RunTrigger;
  readonly state: RunState;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Offset of this run's barrier per partition: *exclusive* upper bound of what it covers. Null until cut. */
  readonly boundary: Offsets | null;
  /** The run whose unchanged days this one took over. */
  readonly baseRun: number | null;
  /** Rows of the master dataset that were read again, before deduplication. */
  readonly rowsRead: number;
  /** Copies dropped, and among them those that differed from the one that counts: over all that the run covers. */
  readonly duplicates: number;
  readonly conflicts: number;
  readonly daysRecomputed: number;
  /** Milliseconds spent in each state that is over. */
  readonly durationsMs: Readonly<Partial<Record<RunState, number>>>;
  /** Null while it goes on by itself. */
  readonly waiting: RunWait | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** True while its view is kept: it can be current, or become so by rollback. */
  readonly kept: boolean;
};

/** A published run as queries need it. Run 0 is the empty view at the beginning of the log. */
export type PublishedRun = {
  readonly id: number;
  readonly boundary: Offsets;
  readonly publishedAt: Date;
  /** Definition hash per metric that the run computed; null for run 0, which is empty for every metric. */
  readonly definitions: Readonly<Record<string, string>> | null;
};

export type RunRequest =
  | { readonly accepted: true; readonly id: number }
  | { readonly accepted: false; readonly activeId: number };

/** The history of batch runs and the pointer to the current one: where the layers meet. */
export interface RunStore {
  /** Asks the batch layer for a run. Refused, with the active run's id, while one is active. */
  request(mode: RunMode, trigger: RunTrigger): Promise<RunRequest>;
  /** Newest first, at most `limit`, without run 0. */
  list(limit: number): Promise<readonly BatchRun[]>;
  get(id: number): Promise<BatchRun | undefined>;
  current(): Promise<PublishedRun>;
  /** Runs whose views are kept, newest first; never empty. */
  kept(): Promise<readonly PublishedRun[]>;
  /**
   * Makes the kept run before the current one current, and returns it. With `from` only if that run is current at that
   * moment: so the same call again changes nothing.
   * Throws `conflict` when another run than `from` is current (facts: `current`), while a run is active, or when no
   * older run is kept.
   */
  rollback(from?: number): Promise<PublishedRun>;
}
