import type { EventInput, Refusal } from '@tandem/shared';
import type { TableOptions } from './part-table.js';
import type { Row } from './row.js';

/** What became of a row: an event, or nothing by the importer's rules, or nothing because something is wrong with it. */
export type Mapped =
  | { readonly row: Row; readonly event: EventInput }
  | { readonly row: Row; readonly leftOut: string }
  | { readonly row: Row; readonly refusal: Refusal };

/** Turns rows, in file order, into events. May hold some rows back until it has seen what belongs to them. */
export interface RowMapper {
  map(row: Row): readonly Mapped[];
  /** What is still held back when the file ends. */
  end(): readonly Mapped[];
  /** What a user should know about the rows as a whole; asked for after `end`. */
  notes?(): readonly string[];
}

/** How the files of one publisher become events. */
export type Importer = {
  readonly tableOptions: TableOptions;
  /** The columns that ids derive from, where what a user says decides how: then a change of that makes other events. */
  readonly columnsOfIds?: readonly string[];
  /** Throws `request-invalid` when a needed column is missing. */
  mapperFor(header: readonly string[]): RowMapper;
};

/** A mapper that looks at one row at a time. */
export function rowByRow(map: (row: Row) => Mapped): RowMapper {
  return { map: (row) => [map(row)], end: () => [] };
}

/** A row with more or fewer cells than the header has columns; undefined when they are as many. */
export function refuseCellCount(row: Row, header: readonly string[]): Mapped | undefined {
  if (row.cells.length === header.length) return undefined;
  const reason = `found ${row.cells.length} cells; allowed are ${header.length}, one for each column`;
  return { row, refusal: { path: '', reason } };
}
