import type { DeadLetters, EventLog, Logger, Metric, RealtimeViewStore, RunStore } from '@tandem/shared';
import type { SpeedConfig } from './config.js';
import type { DuplicateWindow } from './duplicate-window.js';

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
  readonly window: DuplicateWindow;
  /** False while a stretch is in the window that may not be in the store: then the window is of no use any more. */
  isWindowSound: boolean;
  /** The view is cold until everything below (exclusive) is applied; null once it is warm. */
  goal: number | null;
  /** Why its next records cannot be read; null while they can. */
  blocked: string | null;
  /** Where progress towards the goal is measured from. */
  readonly startedAt: number;
};
