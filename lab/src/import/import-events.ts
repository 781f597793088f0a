import { type EventInput, type Refusal, validateEvent } from '@tandem/shared';
import type { ImportTally } from './import-tally.js';
import type { Importer, Mapped } from './importer.js';
import type { OpenFile } from './opened.js';
import type { TableOptions } from './part-table.js';
import { readTable, type Table } from './read-table.js';
import type { Row } from './row.js';

/** Where events go; `ready` holds the reader back while too many are on their way. */
export interface EventSink {
  add(event: EventInput, row: Row): void;
  ready(): Promise<void>;
  finish(): Promise<void>;
}

/** Told of each refused row while the file is read. */
export type OnRefusedRow = (row: Row, refusal: Refusal) => void;

export type ImportOptions = {
  readonly importer: Importer;
  readonly file: OpenFile;
  /** Said on the command line: stronger than what the importer says. */
  readonly tableOptions?: TableOptions;
  readonly tally: ImportTally;
  readonly sinkFor: (table: Table) => EventSink | Promise<EventSink>;
  readonly onRefused: OnRefusedRow;
  /** Told after every batch of rows. */
  readonly onProgress: () => void;
};

/** Reads a file to its end and gives each row's events to the sink, in file order. Memory does not grow with the file. */
export async function importEvents(options: ImportOptions): Promise<void> {
  const { importer, file, tally } = options;
  const table = await readTable(file, { ...importer.tableOptions, ...options.tableOptions });
  try {
    const mapper = importer.mapperFor(table.header);
    const sink = await options.sinkFor(table);
    for await (const batch of table.batches) {
      for (const row of batch) {
        tally.rowsRead++;
        take(mapper.map(row), sink, options);
      }
      options.onProgress();
      await sink.ready();
    }
    take(mapper.end(), sink, options);
    for (const note of mapper.notes?.() ?? []) tally.note(note);
    await sink.finish();
  } finally {
    await table.close();
  }
}

function take(mapped: readonly Mapped[], sink: EventSink, { tally, onRefused }: ImportOptions): void {
  for (const one of mapped) {
    if ('leftOut' in one) tally.leaveOut(one.leftOut);
    else if ('refusal' in one) onRefused(one.row, one.refusal);
    else {
      // The server decides by the same function; asking it here names the row and saves the way.
      const decoded = validateEvent(one.event);
      if ('refusal' in decoded) onRefused(one.row, decoded.refusal);
      else sink.add(one.event, one.row);
    }
  }
}
