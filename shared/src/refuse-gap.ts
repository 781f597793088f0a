import { TandemError } from './errors.js';
import type { LogBatch } from './ports/event-log.js';

/** Throws `corrupt` unless the records of a batch lie at `next` (inclusive) and on from there: offsets have no gaps. */
export function refuseGap({ partition, records }: LogBatch, next: number): void {
  const found = records.findIndex(({ offset }, index) => offset !== next + index);
  if (found === -1) return;
  throw new TandemError(
    'corrupt',
    `partition ${partition} of the log: found offset ${records[found]?.offset}; allowed is ${next + found}, as offsets have no gaps`,
  );
}
