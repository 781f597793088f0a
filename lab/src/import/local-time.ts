import { Temporal } from 'temporal-polyfill';
import { inUtc, type ToInstant } from './date-format.js';
import { refuseCell } from './row-refusal.js';

/** Local times that are remembered: rows of one hour follow each other. */
const MAX_KNOWN = 10_000;

/** True for a zone of the IANA database ("Europe/Berlin"), "UTC", or an offset like "+02:00". */
export function isTimeZone(zone: string): boolean {
  try {
    Temporal.ZonedDateTime.from({ year: 2026, month: 1, day: 1, timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads local times as those of a zone. A time that comes twice, when clocks go back, is the first of the two; one that
 * the clocks pass over, when they go forward, is refused (RowRefusal). What is no time at all stays for the schema.
 */
export function inZone(zone: string): ToInstant {
  const offsets = new Map<string, string>();
  return (local) => {
    // The offset is the same for all seconds of a minute.
    const minute = local.slice(0, 16);
    const known = offsets.get(minute);
    if (known !== undefined) return `${local}${known}`;
    const offset = offsetAt(minute, zone);
    if (offset === undefined) return inUtc(local);
    if (offsets.size >= MAX_KNOWN) offsets.clear();
    offsets.set(minute, offset);
    return `${local}${offset}`;
  };
}

function offsetAt(minute: string, zone: string): string | undefined {
  let local: Temporal.PlainDateTime;
  try {
    local = Temporal.PlainDateTime.from(minute, { overflow: 'reject' });
  } catch {
    return undefined;
  }
  const zoned = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (zoned.toPlainDateTime().equals(local)) return zoned.offset;
  return refuseCell(minute.replace('T', ' '), `a time that there is in ${zone}: its clocks go forward over this one`);
}
