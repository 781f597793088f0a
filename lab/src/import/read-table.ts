import { pipeline } from 'node:stream';
import { messageOf, TandemError } from '@tandem/shared';
import { parse } from 'csv-parse';
import type { OpenFile } from './open-file.js';

/** One row of a CSV file; `number` counts from 1, which is the header. */
export type Row = { readonly number: number; readonly cells: readonly string[] };

export type Table = {
  readonly header: readonly string[];
  /** The rows below the header, some hundred at a time. Throws `corrupt` where the file is no CSV or cannot be unpacked. */
  readonly batches: AsyncIterable<readonly Row[]>;
  /** Lets go of the file before its end. */
  close(): Promise<void>;
};

export type TableOptions = {
  readonly delimiter?: string | undefined;
  readonly encoding?: 'utf8' | 'latin1' | undefined;
};

const ROWS_PER_BATCH = 500;
/** A quote that is never closed makes one row of the rest of the file: this bounds it. */
const MAX_ROW_CHARACTERS = 1_000_000;

/** Reads a CSV's header and gives its rows as they are read: constant memory. Throws `corrupt` when there is no header. */
export async function readTable(file: OpenFile, options: TableOptions = {}): Promise<Table> {
  const parser = parse({
    bom: true,
    delimiter: options.delimiter ?? ',',
    encoding: options.encoding ?? 'utf8',
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
  });
  // An error of the file destroys the parser with it, so that it is thrown where rows are awaited.
  pipeline(file.bytes, parser, () => {});
  const records: AsyncIterator<string[]> = parser[Symbol.asyncIterator]();
  const first = await nextRecord(records, 1);
  if (first === undefined)
    throw new TandemError('corrupt', 'found an empty file; allowed is a CSV whose first row names its columns');
  return {
    header: first.map((name) => name.trim()),
    batches: readBatches(records),
    close: async () => {
      parser.destroy();
    },
  };
}

async function* readBatches(records: AsyncIterator<string[]>): AsyncGenerator<readonly Row[]> {
  let batch: Row[] = [];
  for (let number = 2; ; number++) {
    const cells = await nextRecord(records, number);
    if (cells === undefined) break;
    batch.push({ number, cells });
    if (batch.length < ROWS_PER_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function nextRecord(records: AsyncIterator<string[]>, number: number): Promise<string[] | undefined> {
  try {
    const { value, done } = await records.next();
    return done ? undefined : value;
  } catch (error) {
    throw new TandemError('corrupt', `row ${number}: the file cannot be read on: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
