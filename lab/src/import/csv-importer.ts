import { type EventInput, type EventType, type FieldName, fieldNamesOf, parseInstant } from '@tandem/shared';
import { findColumns } from './columns.js';
import { amountStyleOf, type CsvMapping, FILE_KEYS, type Source, typesOf } from './csv-mapping.js';
import {
  amountReader,
  amountText,
  type CellOf,
  isNegativeQuantity,
  quantityValue,
  type SignedAmount,
  signOf,
  textReader,
} from './csv-values.js';
import { EqualRows } from './equal-rows.js';
import { eventIdOf } from './event-id.js';
import { type Importer, type Mapped, refuseCellCount, rowByRow } from './importer.js';
import { readOccurredAt } from './occurred-at.js';
import type { Row } from './row.js';
import { RowRefusal, refuseCell } from './row-refusal.js';

type Value = string | number | null | undefined;
/** Gives the field's value in a row of a type; throws a RowRefusal when the cell cannot be that. */
type ReadValue = (row: Row, type: EventType) => Value;
type ReadType = (row: Row) => EventType | null;

/** Any CSV of sales or tickets, by a mapping that says which column is which field. */
export function csvImporter(mapping: CsvMapping): Importer {
  const { delimiter, encoding } = mapping;
  return {
    tableOptions: { delimiter, encoding },
    ...(mapping.event_id === undefined && { columnsOfIds: columnsIn(mapping) }),
    mapperFor: (header) => {
      const notes = new MappingNotes(mapping);
      const map = rowMapper(mapping, header, notes);
      return { ...rowByRow((row) => refuseCellCount(row, header) ?? map(row)), notes: () => notes.lines() };
    },
  };
}

/** What is to be said of a file once its rows have been read. */
class MappingNotes {
  readonly currencies = new Set<string>();
  readonly equalRows = new EqualRows();
  readonly #counts: boolean;

  constructor({ equal_rows }: CsvMapping) {
    this.#counts = equal_rows !== 'once';
  }

  /** Of the rows that are events so far: the number of this one among those that are equal to it. */
  numberOf(texts: readonly string[]): number {
    return this.#counts ? this.equalRows.numberOf(JSON.stringify(texts)) : 1;
  }

  lines(): readonly string[] {
    const lines: string[] = [];
    const { repeated } = this.equalRows;
    if (repeated > 0) {
      lines.push(
        `${repeated} rows give the same event as a row before them: each is counted ("equal_rows": "once" in the mapping counts them once)`,
      );
    }
    if (this.currencies.size > 1) {
      lines.push(
        `amounts are written with ${[...this.currencies].join(', ')}: they are added as they stand, nothing is converted`,
      );
    }
    return lines;
  }
}

function rowMapper(mapping: CsvMapping, header: readonly string[], notes: MappingNotes): (row: Row) => Mapped {
  const columns = findColumns(header, Object.fromEntries(columnsIn(mapping).map((name) => [name, [name]])));
  const cellOf: CellOf = (column) => (row) => row.cells[columns[column] ?? -1] ?? '';
  const amountOf = amountReader(mapping, cellOf, notes.currencies);
  const readers = valueReaders(mapping, cellOf, amountOf);
  const typeOf = typeReader(mapping, cellOf, amountOf);
  return (row) => {
    let field: string = 'type';
    try {
      const type = typeOf(row);
      if (type === null) return { row, leftOut: 'rows whose type the mapping leaves out' };
      const values: Record<string, Value> = { type };
      for (const name of fieldNamesOf(type)) {
        field = name;
        const value = readers[name]?.(row, type);
        if (value !== undefined) values[name] = value;
      }
      values['event_id'] ??= derivedId(values, notes);
      return { row, event: values as unknown as EventInput };
    } catch (error) {
      if (!(error instanceof RowRefusal)) throw error;
      return { row, refusal: { path: error.field ?? field, reason: error.message } };
    }
  };
}

/** The id of what the mapping made of a row, however its cells write it; equal rows are told apart by their number. */
function derivedId(values: Readonly<Record<string, Value>>, notes: MappingNotes): string {
  const texts = Object.entries(values).flatMap(([name, value]) => {
    const isTime = name === 'occurred_at' && typeof value === 'string';
    return value === undefined ? [] : [name, String(isTime ? parseInstant(value) : JSON.stringify(value))];
  });
  const number = notes.numberOf(texts);
  return eventIdOf(number === 1 ? texts : [...texts, String(number)]);
}

function columnsIn(mapping: CsvMapping): readonly string[] {
  return Object.entries(mapping).flatMap(([key, from]) => {
    if (from === undefined || FILE_KEYS.some((name) => name === key) || typeof from === 'boolean') return [];
    if (typeof from === 'string') return key === 'type' ? [] : [from];
    if ('multiply' in from) return from.multiply;
    return 'column' in from ? [from.column] : [];
  });
}

function typeReader(mapping: CsvMapping, cellOf: CellOf, amountOf?: (row: Row) => SignedAmount): ReadType {
  const { type } = mapping;
  if (typeof type === 'string') return () => type;
  if ('sign' in type) return signReader(mapping, type.sign, cellOf, amountOf);
  const cell = cellOf(type.column);
  const values = new Map(Object.entries(type.values));
  return (row) => {
    const found = values.get(cell(row));
    return found === undefined ? refuseCell(cell(row), [...values.keys()].join(', ')) : found;
  };
}

type Signs = {
  readonly positive: EventType | null;
  readonly negative: EventType | null;
  readonly zero?: EventType | null | undefined;
};

/** Negative where the amount, one of its factors or the quantity has a minus; zero as `zero` says, or as positive. */
function signReader(
  mapping: CsvMapping,
  { positive, negative, zero }: Signs,
  cellOf: CellOf,
  amountOf?: (row: Row) => SignedAmount,
): ReadType {
  const style = amountStyleOf(mapping);
  const quantityOf = mapping.quantity === undefined ? () => '' : textReader(mapping.quantity, cellOf);
  return (row) => {
    const amount = amountOf?.(row);
    if (amount?.decimal.digits === 0n && zero !== undefined) return zero;
    const isNegative = (amount && signOf(amount) === -1) || isNegativeQuantity(quantityOf(row), style);
    return isNegative ? negative : positive;
  };
}

function valueReaders(
  mapping: CsvMapping,
  cellOf: CellOf,
  amountOf?: (row: Row) => SignedAmount,
): Readonly<Partial<Record<FieldName, ReadValue>>> {
  const isSignDropped = typeof mapping.type !== 'string' && 'sign' in mapping.type;
  const { occurred_at: when } = mapping;
  const whenCell = cellOf(typeof when === 'string' ? when : when.column);
  const readWhen = readOccurredAt(mapping);
  const style = amountStyleOf(mapping);
  const readers: Partial<Record<FieldName, ReadValue>> = {
    customer_id: () => null,
    occurred_at: (row) => readWhen(whenCell(row)),
    amount: (row, type) => amountOf && amountText(amountOf(row), type, isSignDropped),
  };
  for (const name of typesOf(mapping).flatMap(fieldNamesOf)) {
    const from = mapping[name];
    if (from === undefined || name === 'occurred_at' || name === 'amount') continue;
    const text = textReader(from as Source, cellOf);
    if (name === 'customer_id') readers[name] = (row) => text(row) || null;
    else if (name === 'sku') readers[name] = (row) => text(row) || undefined;
    else if (name === 'quantity') readers[name] = (row, type) => quantityValue(text(row), type, isSignDropped, style);
    else readers[name] = text;
  }
  return readers;
}
