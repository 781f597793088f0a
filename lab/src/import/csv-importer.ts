import type { EventInput, EventType, FieldName } from '@tandem/shared';
import { fieldNamesOf } from '@tandem/shared';
import { parseAmount } from './amount-text.js';
import { findColumns } from './columns.js';
import { type CsvMapping, type Source, typesOf } from './csv-mapping.js';
import { anyOf, type DateReader, dateReader } from './date-format.js';
import { decimalText, multiplyDecimals } from './decimal.js';
import { eventIdOf } from './event-id.js';
import { type Importer, type Mapped, refuseCellCount, rowByRow } from './importer.js';
import type { Row } from './read-table.js';

type Value = string | number | null | undefined;
type ReadCell = (row: Row) => string;
/** Gives the field's value in a row; throws a RowRefusal when the cell cannot be that. */
type ReadValue = (row: Row) => Value;

/** Why a row cannot become an event; thrown by the reader of one field, caught where the row is mapped. */
class RowRefusal extends Error {}

/** What is understood without a format; all read as UTC. ISO instants with an offset are taken as they are. */
const readCommonDate: DateReader = anyOf(
  (text) => (/T.*(Z|[+-]\d\d:\d\d)$/.test(text) ? text : undefined),
  ...['YYYY-MM-DD', 'YYYY-MM-DD HH:mm', 'YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DDTHH:mm:ss'].map(dateReader),
);

/** Any CSV of sales or tickets, by a mapping that says which column is which field. */
export function csvImporter(mapping: CsvMapping): Importer {
  const { delimiter, encoding } = mapping;
  return {
    tableOptions: { delimiter, encoding },
    mapperFor: (header) => {
      const map = rowMapper(mapping, header);
      return rowByRow((row) => refuseCellCount(row, header) ?? map(row));
    },
  };
}

function rowMapper(mapping: CsvMapping, header: readonly string[]): (row: Row) => Mapped {
  const columns = findColumns(header, Object.fromEntries(columnsIn(mapping).map((name) => [name, [name]])));
  const cellOf =
    (column: string): ReadCell =>
    (row) =>
      row.cells[columns[column] ?? -1] ?? '';
  const readers = valueReaders(mapping, cellOf);
  const typeOf = typeReader(mapping, cellOf);
  return (row) => {
    let field: string = 'type';
    try {
      const type = typeOf(row);
      if (type === null) return { row, leftOut: 'rows whose type the mapping leaves out' };
      const values: Record<string, Value> = { type };
      for (const name of fieldNamesOf(type)) {
        field = name;
        const value = readers[name]?.(row);
        if (value !== undefined) values[name] = value;
      }
      return { row, event: values as unknown as EventInput };
    } catch (error) {
      if (error instanceof RowRefusal) return { row, refusal: { path: field, reason: error.message } };
      throw error;
    }
  };
}

function columnsIn(mapping: CsvMapping): readonly string[] {
  const { delimiter, decimal_comma, encoding, ...mapped } = mapping;
  return Object.entries(mapped).flatMap(([key, from]) => {
    if (from === undefined) return [];
    if (typeof from === 'string') return key === 'type' ? [] : [from];
    if ('multiply' in from) return from.multiply;
    return 'column' in from ? [from.column] : [];
  });
}

function typeReader({ type }: CsvMapping, cellOf: (column: string) => ReadCell): (row: Row) => EventType | null {
  if (typeof type === 'string') return () => type;
  const cell = cellOf(type.column);
  const values = new Map(Object.entries(type.values));
  return (row) => {
    const found = values.get(cell(row));
    return found === undefined ? refuseCell(cell(row), [...values.keys()].join(', ')) : found;
  };
}

function valueReaders(
  mapping: CsvMapping,
  cellOf: (column: string) => ReadCell,
): Readonly<Partial<Record<FieldName, ReadValue>>> {
  const text = (from: Source): ReadCell => {
    if (typeof from !== 'string' && 'value' in from) return () => from.value;
    const cell = cellOf(typeof from === 'string' ? from : from.column);
    return (row) => decodedCell(cell(row));
  };
  const readers: Partial<Record<FieldName, ReadValue>> = {};
  for (const name of typesOf(mapping).flatMap(fieldNamesOf)) {
    const from = mapping[name];
    if (from === undefined || name === 'occurred_at' || name === 'amount') continue;
    readers[name] = fieldReader(name, text(from as Source));
  }
  const { event_id: eventId = (row: Row) => eventIdOf(row.cells), customer_id: customer = () => null } = readers;
  return {
    ...readers,
    event_id: eventId,
    customer_id: customer,
    occurred_at: dateValue(mapping, cellOf),
    amount: amountValue(mapping, cellOf),
  };
}

/** What the encoding has no character for became U+FFFD, here or in an earlier program: it must not become a value. */
function decodedCell(text: string): string {
  return text.includes('\ufffd')
    ? refuseCell(text, 'text without U+FFFD, which stands for a lost character: is the encoding right?')
    : text;
}

function fieldReader(name: FieldName, cell: ReadCell): ReadValue {
  if (name === 'customer_id') return (row) => (cell(row) === '' ? null : cell(row));
  if (name === 'sku') return (row) => (cell(row) === '' ? undefined : cell(row));
  if (name === 'quantity') return (row) => quantityValue(cell(row).trim());
  return cell;
}

function quantityValue(text: string): number | undefined {
  if (text === '') return undefined;
  return /^\d{1,10}(\.0+)?$/.test(text) ? Number(text) : refuseCell(text, 'a whole number, or nothing');
}

function dateValue({ occurred_at: from }: CsvMapping, cellOf: (column: string) => ReadCell): ReadValue {
  const { column, format = undefined } = typeof from === 'string' ? { column: from } : from;
  const cell = cellOf(column);
  const read = format === undefined ? readCommonDate : dateReader(format);
  const allowed = format ?? 'an ISO 8601 date, or a "format" in the mapping';
  return (row) => read(cell(row).trim()) ?? refuseCell(cell(row), allowed);
}

function amountValue({ amount: from, decimal_comma }: CsvMapping, cellOf: (column: string) => ReadCell): ReadValue {
  if (from === undefined) return () => undefined;
  const allowed = decimal_comma ? 'a decimal like 1.234,50' : 'a decimal like 1,234.50';
  const decimalOf = (column: string) => {
    const cell = cellOf(column);
    return (row: Row) => parseAmount(cell(row), decimal_comma ?? false) ?? refuseCell(cell(row), allowed);
  };
  if (typeof from !== 'string' && 'multiply' in from) {
    const [a, b] = [decimalOf(from.multiply[0]), decimalOf(from.multiply[1])];
    return (row) => decimalText(multiplyDecimals(a(row), b(row)));
  }
  const decimal = decimalOf(typeof from === 'string' ? from : from.column);
  return (row) => decimalText(decimal(row));
}

function refuseCell(found: string, allowed: string): never {
  throw new RowRefusal(`found ${JSON.stringify(found)}; allowed is ${allowed}`);
}
