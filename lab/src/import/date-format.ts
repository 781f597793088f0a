import { ALLOWED_PARTS, type Gives, type Piece, piecesOf } from './date-parts.js';
import type { MonthNames } from './month-names.js';

/** Turns a date text into an ISO instant ("2011-12-09T12:50:00Z"); undefined when it has another form. */
export type DateReader = (text: string) => string | undefined;

/** Makes an instant of a time without an offset, like "2011-12-09T12:50:00". */
export type ToInstant = (local: string) => string;

export type FormatOptions = {
  /** The number of a month's name, for formats that have one. */
  readonly months?: MonthNames;
  /** Default: it is UTC. */
  readonly toInstant?: ToInstant;
};

const NEEDED: readonly Gives[] = ['year', 'month', 'day'];
/** Two digits of a year from here (inclusive) are of the last century: event times begin in 1970. */
const FIRST_SHORT_YEAR = 70;

export const inUtc: ToInstant = (local) => `${local}Z`;

/** Why a format cannot be used, with the parts that are allowed; undefined when it can. */
export function formatProblem(format: string): string | undefined {
  const pieces = piecesOf(format);
  const allowed = `allowed is a format with year, month and day, like "M/D/YYYY H:mm", of the parts ${ALLOWED_PARTS}`;
  if ('problem' in pieces) return `found ${pieces.problem}, in ${JSON.stringify(format)}; ${allowed}`;
  const given = pieces.flatMap((piece) => ('part' in piece ? [piece.part.gives] : []));
  const missing = NEEDED.filter((part) => !given.includes(part));
  if (missing.length > 0) return `found ${JSON.stringify(format)}, without ${missing.join(', ')}; ${allowed}`;
  if (given.includes('half') && !given.includes('hour'))
    return `found A without an hour, in ${JSON.stringify(format)}; ${allowed}`;
  return undefined;
}

/**
 * Compiles a format like "D/M/YYYY H:mm" or "D. MMMM YYYY um HH:mm Uhr". Parts that it does not name are midnight.
 * The reader checks the form only: whether there is such a day is for the event's schema to say.
 */
export function dateReader(format: string, { months, toInstant = inUtc }: FormatOptions = {}): DateReader {
  const pieces = piecesOf(format);
  if ('problem' in pieces) return () => undefined;
  const pattern = new RegExp(`^${pieces.map(patternOf).join('')}$`, 'u');
  return (text) => {
    const parts = pattern.exec(text)?.groups;
    return parts && isoInstant(parts, months, toInstant);
  };
}

/** The first reader that knows the text's form decides. */
export function anyOf(...readers: readonly DateReader[]): DateReader {
  return (text) => {
    for (const read of readers) {
      const iso = read(text);
      if (iso !== undefined) return iso;
    }
    return undefined;
  };
}

/** Any white space stands for any: programs put narrow spaces before AM, and two before a day of one digit. */
function patternOf(piece: Piece): string {
  if ('part' in piece) return piece.part.pattern;
  return piece.literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/gu, '\\s+');
}

type Parts = Readonly<Record<string, string | undefined>>;

function isoInstant(parts: Parts, months: MonthNames | undefined, toInstant: ToInstant): string | undefined {
  const { monthName, shortYear, half, fraction, offset } = parts;
  const month = monthName === undefined ? parts['month'] : months?.(monthName);
  if (month === undefined) return undefined;
  const two = (digits: string | undefined) => (digits ?? '0').padStart(2, '0');
  const year = parts['year'] ?? `${Number(shortYear) < FIRST_SHORT_YEAR ? '20' : '19'}${shortYear}`;
  const hour = half ? twentyFourHours(Number(parts['hour'] ?? '12'), half) : two(parts['hour']);
  const local = `${year}-${two(month)}-${two(parts['day'])}T${hour}:${two(parts['minute'])}:${two(parts['second'])}${milliseconds(fraction)}`;
  return offset === undefined ? toInstant(local) : `${local}${isoOffset(offset)}`;
}

/** ".123" of "1234567": an event's time has no more, and what happens within one millisecond is one. */
export function milliseconds(fraction: string | undefined): string {
  return fraction === undefined ? '' : `.${fraction.slice(0, 3).padEnd(3, '0')}`;
}

/** "+02:00" of "+0200" and "+02", "Z" of "UTC". */
export function isoOffset(text: string): string {
  const digits = /^[+\-\u2212](\d\d):?(\d\d)?$/.exec(text);
  if (digits === null) return 'Z';
  return `${text.startsWith('+') ? '+' : '-'}${digits[1]}:${digits[2] ?? '00'}`;
}

/** 12 AM is midnight, 12 PM noon. An hour that no 12-hour clock shows becomes 99, which no schema takes. */
function twentyFourHours(hour: number, half: string): string {
  if (hour < 1 || hour > 12) return '99';
  return String((hour % 12) + (/^p/i.test(half) ? 12 : 0)).padStart(2, '0');
}
