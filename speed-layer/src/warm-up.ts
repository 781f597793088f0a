import { decodeEvent, type LogBatch } from '@tandem/shared';
import { breathe } from './patience.js';
import { readLog } from './read-log.js';
import type { Session, SpeedOptions } from './session.js';

/**
 * Refills the duplicate windows from the log below the resume point, without counting: so that copies above it of
 * originals below it are dropped, as if reading had never stopped.
 */
export async function warmUp(options: SpeedOptions, session: Session, signal: AbortSignal): Promise<void> {
  const { log, config, logger } = options;
  const reach = config.WARM_UP_EVENTS ?? 2 * config.DUPLICATE_WINDOW_EVENTS;
  const positions = session.resume.map((offset) => Math.max(0, offset - reach));
  const reading = { until: session.resume, maxRecords: config.SPEED_STRETCH_EVENTS, signal, logger };
  for await (const batch of readLog(log, () => positions, reading)) {
    refill(session, batch);
    positions[batch.partition] = endOf(batch);
    await breathe();
  }
}

function refill({ partitions }: Session, { partition, records }: LogBatch): void {
  const window = partitions[partition]?.window;
  for (const { offset, value, barrier } of records) {
    if (barrier !== null) continue;
    const decoded = decodeEvent(value);
    if ('event' in decoded) window?.isDuplicate(decoded.event, offset);
  }
}

/** The offset after the last record of a batch that holds at least one. */
function endOf({ records }: LogBatch): number {
  return (records[0]?.offset ?? 0) + records.length;
}
