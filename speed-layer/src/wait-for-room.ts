import { sleep } from './patience.js';
import { openSegmentStarts, type Session, type SpeedOptions } from './session.js';

/**
 * When the view holds more than it may, makes it cold with a reason that says what to do, and waits until segments have
 * been dropped. Returns true when reading can go on where it stopped; false when the view has to begin anew (the oldest
 * kept boundary has passed what is applied) or the signal is aborted.
 */
export async function waitForRoom(options: SpeedOptions, session: Session, signal: AbortSignal): Promise<boolean> {
  const { store, config, logger } = options;
  if (await hasRoom(options)) return !signal.aborted;
  const reason = fullReason(await store.heldSize(), config.SPEED_MAX_CELLS);
  logger.error(reason);
  await store.setCold(session.owner, reason);
  while (!signal.aborted && !isOvertaken(session)) {
    if (await hasRoom(options)) return true;
    await sleep(config.SPEED_DROP_POLL_MS, signal);
  }
  return false;
}

async function hasRoom({ store, config }: SpeedOptions): Promise<boolean> {
  return (await store.heldSize()) <= config.SPEED_MAX_CELLS;
}

function fullReason(held: number, allowed: number): string {
  return (
    `the realtime view is full: found ${held} cells and sketch hashes; allowed are ${allowed} (SPEED_MAX_CELLS). ` +
    'Run the batch layer until the oldest kept run is past the log read so far, or raise the setting and restart'
  );
}

/** True when an open segment begins below the oldest kept boundary: what it holds of the log below is needed no more. */
function isOvertaken(session: Session): boolean {
  const starts = openSegmentStarts(session);
  return session.oldestKept.some((offset, partition) => offset > (starts[partition] ?? 0));
}
