import { ExactNumber } from './exact-json.js';

export type CsvValue = string | number | ExactNumber | null;

/** RFC 4180: CRLF after each line, header first. Text is always quoted, numbers never, null is nothing. */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  const lines = [header.map(quoteIfNeeded), ...rows.map((row) => row.map(csvField))];
  return lines.map((fields) => `${fields.join(',')}\r\n`).join('');
}

function csvField(value: CsvValue): string {
  if (value === null) return '';
  if (value instanceof ExactNumber) return value.text;
  return typeof value === 'number' ? String(value) : quote(value);
}

function quoteIfNeeded(text: string): string {
  return /[",\r\n]/.test(text) ? quote(text) : text;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
