import { keptBoundaries, oldestOf } from './drop-segments.js';
import { sleep } from './patience.js';
import type { PartitionState, SpeedOptions } from './session.js';

/**
 * When the view holds more than it may, makes the partition cold with a reason that says what to do, and waits until
 * segments have been dropped. Returns true when reading can go on where it stopped; false when the partition has to begin
 * anew (the oldest kept boundary has passed what is applied) or the signal is aborted.
 */
export async function waitForRoom(options: SpeedOptions, state: PartitionState, signal: AbortSignal): Promise<boolean> {
  const { store, config, logger, runs } = options;
  if (hasRoom(options)) return !signal.aborted;
  const reason = fullReason(store.heldSize(), config.SPEED_MAX_CELLS);
  logger.error(reason);
  await store.setCold(state.partition, state.owner, reason);
  while (!signal.aborted) {
    await sleep(config.SPEED_DROP_POLL_MS, signal);
    if (hasRoom(options)) {
      // Where it is being rebuilt, the next stretch says how far it is.
      if (state.goal === null) await store.setCold(state.partition, state.owner, null);
      return !signal.aborted;
    }
    // An open segment that begins below the oldest kept boundary: what it holds is needed no more.
    if (oldestOf(await keptBoundaries(runs), state.partition) > state.segmentStart) return false;
  }
  return false;
}

function hasRoom({ store, config }: SpeedOptions): boolean {
  return store.heldSize() <= config.SPEED_MAX_CELLS;
}

function fullReason(held: number, allowed: number): string {
  return (
    `the realtime view is full: found ${held} cells and sketch hashes; allowed are ${allowed} (SPEED_MAX_CELLS). ` +
    'Run the batch layer until the oldest kept run is past the log read so far, or raise the setting and restart'
  );
}
