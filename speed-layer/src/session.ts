import {
  type DeadLetters,
  type EventLog,
  type Logger,
  type Metric,
  type Offsets,
  type RealtimeViewStore,
  type RunStore,
  TandemError,
} from '@tandem/shared';
import type { SpeedConfig } from './config.js';
import { DuplicateWindow } from './duplicate-window.js';

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

/** One partition as the speed layer reads it. */
export type PartitionState = {
  /** Every record below (exclusive) is in the store. */
  applied: number;
  /** Start of the segment that the next record continues, unless it is a barrier. */
  segmentStart: number;
  readonly window: DuplicateWindow;
};

/** One building of the view: from `store.begin` at `resume` until it ends or fails. */
export type Session = {
  readonly owner: number;
  /** Where reading began (inclusive): the oldest kept boundary at that time. */
  readonly resume: Offsets;
  /** The oldest kept boundary as last seen; everything that lies below has been dropped. */
  oldestKept: Offsets;
  readonly partitions: readonly PartitionState[];
};

/** Begins the realtime view anew at `resume`: whatever it held is gone, and it is cold until it has caught up. */
export async function beginSession({ store, config }: SpeedOptions, resume: Offsets): Promise<Session> {
  const owner = await store.begin(resume);
  const partitions = resume.map((offset) => ({
    applied: offset,
    segmentStart: offset,
    window: new DuplicateWindow(config.DUPLICATE_WINDOW_EVENTS),
  }));
  return { owner, resume, oldestKept: resume, partitions };
}

export function appliedOffsets({ partitions }: Session): Offsets {
  return partitions.map(({ applied }) => applied);
}

export function openSegmentStarts({ partitions }: Session): Offsets {
  return partitions.map(({ segmentStart }) => segmentStart);
}

/** Throws `internal` for a partition that the view did not begin with. */
export function stateOf({ partitions }: Session, partition: number): PartitionState {
  const state = partitions[partition];
  if (state) return state;
  throw new TandemError('internal', `found partition ${partition}; allowed are 0 to ${partitions.length - 1}`);
}
