import { messageOf, type Offsets, type RunStore, TandemError } from '@tandem/shared';
import { sleep } from './patience.js';
import type { PartitionState, SpeedOptions } from './session.js';

/** The boundaries of the runs that are still kept; never empty. */
export async function keptBoundaries(runs: RunStore): Promise<readonly Offsets[]> {
  return (await runs.kept()).map(({ boundary }) => boundary);
}

/** The boundary of the oldest run still kept, in one partition: no answer will ever need a segment that lies below. */
export function oldestOf(boundaries: readonly Offsets[], partition: number): number {
  return Math.min(...boundaries.map((boundary) => boundary[partition] ?? 0));
}

/**
 * Looks again and again which run is the oldest kept, and drops what lies below it. Never on "batch finished".
 * Throws `fenced` when a partition is another's, or the store has lost it.
 */
export async function keepDropping(
  options: SpeedOptions,
  owned: () => readonly PartitionState[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(options.config.SPEED_DROP_POLL_MS, signal);
    try {
      await dropSegments(options, owned());
    } catch (error) {
      if (error instanceof TandemError && error.code === 'fenced') throw error;
      // Nothing is wrong yet but memory: the next look drops what this one did not.
      options.logger.warn({ reason: messageOf(error) }, 'segments cannot be dropped now; trying again');
    }
  }
}

/**
 * Drops the segments that lie wholly below the oldest kept boundary (exclusive). The segment that is open in a partition
 * stays, also where reading lags behind the boundary: further stretches continue it.
 */
async function dropSegments({ runs, store }: SpeedOptions, states: readonly PartitionState[]): Promise<void> {
  if (states.length === 0) return;
  const boundaries = await keptBoundaries(runs);
  for (const { partition, owner, segmentStart } of states) {
    await store.dropBelow(partition, owner, Math.min(oldestOf(boundaries, partition), segmentStart));
  }
}
