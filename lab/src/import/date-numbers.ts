import { MS_PER_DAY, toInstantText } from '@tandem/shared';
import type { DateReader, ToInstant } from './date-format.js';
import { parseDecimal } from './decimal.js';

/** Formats of dates that are written as one number: seconds and their parts by how many digits milliseconds have more. */
const EPOCHS: Readonly<Record<string, number>> = {
  'epoch seconds': 3,
  'epoch milliseconds': 0,
  'epoch microseconds': -3,
};
/** Day 60 of Excel is 29 February 1900, which never was; so from day 61 on its days count from 30 December 1899. */
const EXCEL_ZEROS: Readonly<Record<string, number>> = {
  excel: Date.UTC(1899, 11, 30),
  'excel 1904': Date.UTC(1904, 0, 1),
};
/** The range of Date, in milliseconds around 1970. */
const MAX_MS = 8.64e15;

export const NUMBER_FORMATS: readonly string[] = [...Object.keys(EPOCHS), ...Object.keys(EXCEL_ZEROS)];

/**
 * Reads what a number format says, in milliseconds; undefined for a format of parts. Epochs are UTC; the days of a
 * spreadsheet are local times. Event times begin in 1970, so that Excel's 29 February 1900 needs no care.
 */
export function numberDateReader(format: string, toInstant: ToInstant): DateReader | undefined {
  const digits = EPOCHS[format];
  if (digits !== undefined) return (text) => textOf(epochMs(text, digits));
  const zeroMs = EXCEL_ZEROS[format];
  if (zeroMs === undefined) return undefined;
  return (text) => {
    const decimal = numberIn(text);
    if (decimal === undefined) return undefined;
    const days = Number(decimal.digits) / 10 ** decimal.scale;
    const instant = textOf(zeroMs + Math.round(days * MS_PER_DAY));
    return instant && toInstant(instant.slice(0, -1));
  };
}

/** Exact, and cut off below a millisecond. */
function epochMs(text: string, digits: number): number | undefined {
  const decimal = numberIn(text);
  if (decimal === undefined) return undefined;
  const shift = digits - decimal.scale;
  const ms = shift >= 0 ? decimal.digits * 10n ** BigInt(shift) : decimal.digits / 10n ** BigInt(-shift);
  return Number(ms);
}

function numberIn(text: string) {
  return /^\d/.test(text) ? parseDecimal(text.replace(',', '.')) : undefined;
}

function textOf(ms: number | undefined): string | undefined {
  return ms === undefined || ms > MAX_MS ? undefined : toInstantText(ms);
}
