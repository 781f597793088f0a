import type { DeadLetters, EventLog, Logger, Metric, RealtimeViewStore, RunStore } from '@tandem/shared';
import type { SpeedConfig } from './config.js';

/** What the speed layer works with. */
export type SpeedOptions = {
  readonly log: EventLog;
  readonly runs: RunStore;
  readonly store: RealtimeViewStore;
  readonly deadLetters: DeadLetters;
  readonly metrics: readonly Metric[];
  readonly config: SpeedConfig;
  readonly logger: Logger;
};

/** One partition that this worker reads, from its claim on. */
export type PartitionState = {
  readonly partition: number;
  readonly owner: number;
  /** Every record below (exclusive) is in the store. */
  applied: number;
  /** Start of the segment that the next record continues, unless it is a barrier. */
  segmentStart: number;
  /** The next offset to read: below `applied` while the duplicate window is being refilled. */
  next: number;
  /** False while a stretch is in the window that may not be in the store: then what the window holds of it is of no use. */
  isWindowSound: boolean;
  /** True once the view holds a record of it: then other partitions may have dropped copies of that. */
  hasCounted: boolean;
  /** True when the view may have held records that it holds no more, and the other partitions are not asked about it yet. */
  hasLost: boolean;
  /** The barrier that is the next record, while the other partitions are waited for; else null. */
  standsAt: string | null;
  /** The last barriers that were read, latest last. */
  passed: readonly string[];
  /** The barrier that it passed, or may pass, although another partition did not come to it; null once they are side by side. */
  passesAlone: string | null;
  /** The view is cold until everything below (exclusive) is applied; null once it is warm. */
  goal: number | null;
  /** Why its next records cannot be read; null while they can. */
  blocked: string | null;
  /** Where progress towards the goal is measured from. */
  readonly startedAt: number;
};
