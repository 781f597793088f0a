import { messageOf, type Offsets, type RunStore } from '@tandem/shared';
import { sleep } from './patience.js';
import { openSegmentStarts, type Session, type SpeedOptions } from './session.js';

/** Per partition the boundary of the oldest run still kept: no answer will ever need a segment that lies below. */
export async function oldestKeptBoundary(runs: RunStore): Promise<Offsets> {
  const boundaries = (await runs.kept()).map(({ boundary }) => boundary);
  return boundaries.reduce((oldest, boundary) => oldest.map((offset, p) => Math.min(offset, boundary[p] ?? 0)));
}

/** Looks again and again which run is the oldest kept, and drops what lies below it. Never on "batch finished". */
export async function keepDropping(options: SpeedOptions, session: Session, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await dropSegments(options, session);
    } catch (error) {
      // Nothing is wrong yet but memory: the next look drops what this one did not.
      options.logger.warn({ reason: messageOf(error) }, 'segments cannot be dropped now; trying again');
    }
    await sleep(options.config.SPEED_DROP_POLL_MS, signal);
  }
}

/**
 * Drops the segments that lie wholly below the oldest kept boundary (exclusive). The segment that is open in a partition
 * stays, also where reading lags behind the boundary: further stretches continue it.
 */
export async function dropSegments({ runs, store }: SpeedOptions, session: Session): Promise<void> {
  const boundary = await oldestKeptBoundary(runs);
  const starts = openSegmentStarts(session);
  await store.dropBelow(
    session.owner,
    boundary.map((offset, partition) => Math.min(offset, starts[partition] ?? 0)),
  );
  session.oldestKept = boundary;
}
