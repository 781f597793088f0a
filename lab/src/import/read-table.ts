import { TandemError } from '@tandem/shared';
import type { FilePart, OpenFile } from './opened.js';
import { openPart, type PartTable, type TableOptions } from './part-table.js';
import type { Row } from './row.js';

export type Table = {
  readonly header: readonly string[];
  /** What stands between cells: as the file's own `sep=` line says, else as asked for. */
  readonly delimiter: string;
  /** The rows below the header, some hundred at a time. Throws `corrupt` where the file is no CSV or cannot be unpacked. */
  readonly batches: AsyncIterable<readonly Row[]>;
  /** Lets go of the file before its end. */
  close(): Promise<void>;
};

const ROWS_PER_BATCH = 500;

/**
 * Reads a CSV's header and gives its rows as they are read: constant memory. The files of a zip are read one after the
 * other; they have the same columns. Throws `corrupt` when there is no header.
 */
export async function readTable(file: OpenFile, options: TableOptions = {}): Promise<Table> {
  const [firstPart, ...laterParts] = file.parts;
  if (firstPart === undefined) throw new TandemError('corrupt', 'found a file without a table; allowed is a CSV');
  let current = await openPart(firstPart, options);
  const { header, delimiter } = current;
  async function* allBatches(): AsyncGenerator<readonly Row[]> {
    yield* inBatches(current, (row) => fitted(row, header.length));
    for (const part of laterParts) {
      current = await openPart(part, options);
      const { header: own } = current;
      const inOrder = inColumnsOf(header, own, part);
      yield* inBatches(current, (row) => inOrder(fitted(row, own.length)));
    }
  }
  return {
    header,
    delimiter,
    batches: allBatches(),
    close: async () => {
      current.close();
      file.close();
    },
  };
}

/** Empty cells beyond the header's last named column are no cells: exports end rows with delimiters. */
function fitted(row: Row, width: number): Row {
  const isLonger = row.cells.length > width && row.cells.slice(width).every((cell) => cell === '');
  return isLonger ? { ...row, cells: row.cells.slice(0, width) } : row;
}

/** A later file of a zip may have the same columns in another order. */
function inColumnsOf(header: readonly string[], own: readonly string[], part: FilePart): (row: Row) => Row {
  if (header.length === own.length && header.every((name, index) => name === own[index])) return (row) => row;
  const order = header.map((name) => own.indexOf(name));
  if (order.includes(-1) || new Set(order).size !== own.length) {
    throw new TandemError(
      'request-invalid',
      `${part.name}: found the columns ${own.join(', ')}; allowed are those of the first file of the zip, ` +
        `${header.join(', ')}: import the files one by one, by --entry`,
    );
  }
  return (row) => {
    if (row.cells.length !== own.length) return row;
    return { ...row, cells: order.map((from) => row.cells[from] ?? '') };
  };
}

async function* inBatches(table: PartTable, map: (row: Row) => Row): AsyncGenerator<readonly Row[]> {
  let batch: Row[] = [];
  for (let row = await table.next(); row !== undefined; row = await table.next()) {
    batch.push(map(row));
    if (batch.length < ROWS_PER_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
