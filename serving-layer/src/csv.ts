import { ExactNumber } from './exact-json.js';

export type CsvValue = string | number | ExactNumber | null;

/**
 * What a spreadsheet would run as a formula, or may take for the mark below: blanks, quotes and invisible characters
 * first, then a sign that begins a formula, in plain or full width; or a tab or line break at the beginning.
 */
const RISKY = /^(?:'|[\t\r\n]|[\s"'\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b])/u;

/**
 * RFC 4180: CRLF after each line, header first. Text is always quoted, numbers never, null is nothing. Text that a
 * spreadsheet could run has a ' before it, as has text that begins with a ': so one ' at the beginning is not the text's.
 */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  const lines = [header.map((name) => quoteIfNeeded(harmless(name))), ...rows.map((row) => row.map(csvField))];
  return lines.map((fields) => `${fields.join(',')}\r\n`).join('');
}

function csvField(value: CsvValue): string {
  if (value === null) return '';
  if (value instanceof ExactNumber) return value.text;
  return typeof value === 'number' ? String(value) : quote(harmless(value));
}

function harmless(text: string): string {
  return RISKY.test(text) ? `'${text}` : text;
}

function quoteIfNeeded(text: string): string {
  return /[",\r\n]/.test(text) ? quote(text) : text;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
