import { z } from 'zod';

export const MS_PER_HOUR = 3_600_000;
export const MS_PER_DAY = 86_400_000;

/** Event times lie in [EARLIEST_MS, LATEST_MS): 1970-01-01 inclusive to 2100-01-01 exclusive, UTC. */
export const EARLIEST_MS = 0;
export const LATEST_MS = Date.UTC(2100, 0, 1);

const TIME = '([01]\\d|2[0-3]):([0-5]\\d)(?::([0-5]\\d)(?:\\.(\\d+))?)?';
const ZONE = '([Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';
const ISO_INSTANT = new RegExp(`^(\\d{4}-\\d\\d-\\d\\d)[Tt ]${TIME}${ZONE}$`);

/** The days that exist from 1970 to 2099, for readers of the API's description; the calendar itself decides. */
const DAY_PATTERN =
  '(?:(?:19[7-9]\\d|20\\d\\d)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)' +
  '|02-(?:0[1-9]|1\\d|2[0-8]))|(?:19(?:[79][26]|8[048])|20(?:[02468][048]|[13579][26]))-02-29)';
const INSTANT_PATTERN = `^${DAY_PATTERN}[Tt ]${TIME}${ZONE}$`.replaceAll(/\((?!\?)/g, '(?:');

/** What `toISOString` writes, and so most producers: 2026-01-31T08:15:00.000Z. */
const CANONICAL_INSTANT = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/**
 * Milliseconds since 1970 (UTC) of an instant as RFC 3339 writes it: with "T", "t" or a space, with an offset ("Z", "z"
 * or "+01:00"), and with any number of decimals, of which those beyond milliseconds are cut off. Seconds may be left out.
 * Undefined for anything else, for dates that do not exist (2019-11-31), outside [EARLIEST_MS, LATEST_MS), and for a leap
 * second (23:59:60), which has no number of its own.
 */
export function parseInstant(text: string): number | undefined {
  const ms = CANONICAL_INSTANT.test(text) ? parseCanonical(text) : parseAnyForm(text);
  return ms !== undefined && ms >= EARLIEST_MS && ms < LATEST_MS ? ms : undefined;
}

/** The same result as `parseAnyForm`, in a third of the time: every event goes through here. */
function parseCanonical(text: string): number | undefined {
  const midnight = midnightOf(text.slice(0, 10));
  if (midnight === undefined) return undefined;
  const minutes = twoDigits(text, 11) * 60 + twoDigits(text, 14);
  return (
    midnight + minutes * 60_000 + twoDigits(text, 17) * 1000 + twoDigits(text, 20) * 10 + (twoDigits(text, 21) % 10)
  );
}

function parseAnyForm(text: string): number | undefined {
  const match = ISO_INSTANT.exec(text);
  if (match === null) return undefined;
  const [, date = '', hour, minute, second = '0', fraction = '0', zone = 'Z'] = match;
  const midnight = midnightOf(date);
  if (midnight === undefined) return undefined;
  const timeOfDay = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000;
  return midnight + timeOfDay + Number(fraction.slice(0, 3).padEnd(3, '0')) - offsetMsOf(zone);
}

/** The number that two digits of a text stand for; they must be digits. */
function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

const ZERO = '0'.charCodeAt(0);

/** Midnights by date text. Bounded by the calendar: only days that exist from 1970 to 2099 are kept, 47,482 of them. */
const midnights = new Map<string, number>();

function midnightOf(date: string): number | undefined {
  const known = midnights.get(date);
  if (known !== undefined) return known;
  const [year, month, day] = date.split('-').map(Number);
  const midnight = dateToMs(year ?? 0, month ?? 0, day ?? 0);
  if (midnight !== undefined && midnight >= EARLIEST_MS && midnight < LATEST_MS) midnights.set(date, midnight);
  return midnight;
}

/** Midnight UTC of a calendar date, or undefined when there is no such day, or it lies before the year 100. */
export function dateToMs(year: number, month: number, day: number): number | undefined {
  const ms = Date.UTC(year, month - 1, day);
  const date = new Date(ms);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? ms : undefined;
}

/** Of "Z" or "+01:00", in bounds. */
function offsetMsOf(zone: string): number {
  if (zone.length === 1) return 0;
  const minutes = twoDigits(zone, 1) * 60 + twoDigits(zone, 4);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Whole hours since 1970: the hour of event time that a cell belongs to. */
export function hourOf(occurredAtMs: number): number {
  return Math.floor(occurredAtMs / MS_PER_HOUR);
}

/** "2011-12-09" of a time in milliseconds, UTC: the day under which the master dataset keeps the event. */
export function dayOf(occurredAtMs: number): string {
  return new Date(occurredAtMs).toISOString().slice(0, 10);
}

/** "2011-12-09T12:00:00.000Z". */
export function toInstantText(ms: number): string {
  return new Date(ms).toISOString();
}

const ALLOWED_INSTANT =
  'allowed is an existing date as RFC 3339, with offset, like 2026-01-31T08:15:00Z, from 1970 to 2099 (UTC)';
const LEAP_SECOND = /:60(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Zod schema of an event time: RFC 3339 text outside, milliseconds since 1970 inside. */
export const instantSchema = z
  .string({ error: ALLOWED_INSTANT })
  .meta({
    pattern: INSTANT_PATTERN,
    description:
      'RFC 3339: an existing date with its offset. Decimals beyond milliseconds are cut off. The instant lies from 1970-01-01T00:00Z to before 2100-01-01T00:00Z: the pattern bounds the date as it is written, which differs within a day of either end. A leap second (:60) has no number of its own: send :59.',
  })
  .transform((text, context) => {
    const ms = parseInstant(text);
    if (ms !== undefined) return ms;
    const message = LEAP_SECOND.test(text)
      ? `${ALLOWED_INSTANT}; a leap second has no number of its own: send :59`
      : ALLOWED_INSTANT;
    context.issues.push({ code: 'custom', input: text, message });
    return z.NEVER;
  });
