import { parseInstant } from '@tandem/shared';
import type { CsvMapping } from './csv-mapping.js';
import { type DateReader, dateReader, inUtc, isoOffset, milliseconds, type ToInstant } from './date-format.js';
import { numberDateReader } from './date-numbers.js';
import { inZone } from './local-time.js';
import { monthNames } from './month-names.js';
import { refuseCell } from './row-refusal.js';

/** What databases write, and ISO 8601: a date, then perhaps a time, then perhaps an offset. */
const COMMON =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|UTC|[+\-\u2212]\d\d(?::?\d\d)?)?)?$/;

/** Reads the cell that says when: an ISO instant that exists. Throws a RowRefusal for anything else. */
export function readOccurredAt({ occurred_at: from, timezone, locale }: CsvMapping): (cell: string) => string {
  const format = typeof from === 'string' ? undefined : from.format;
  const toInstant = timezone === undefined ? inUtc : inZone(timezone);
  const read = format === undefined ? commonReader(toInstant) : formatReader(format, toInstant, locale);
  const allowed = format ?? 'an ISO 8601 date, or a "format" in the mapping';
  return (cell) => {
    const iso = read(cell.trim());
    if (iso === undefined) refuseCell(cell, allowed);
    if (parseInstant(iso) === undefined) refuseCell(cell, 'a day and a time that exist, from 1970 to 2099');
    return iso;
  };
}

function formatReader(format: string, toInstant: ToInstant, locale: string | undefined): DateReader {
  return numberDateReader(format, toInstant) ?? dateReader(format, { months: monthNames(locale), toInstant });
}

function commonReader(toInstant: ToInstant): DateReader {
  return (text) => {
    const match = COMMON.exec(text);
    if (match === null) return undefined;
    const [, day, minute = '00:00', second = '00', fraction, offset] = match;
    const local = `${day}T${minute}:${second}${milliseconds(fraction)}`;
    return offset === undefined ? toInstant(local) : `${local}${isoOffset(offset)}`;
  };
}
