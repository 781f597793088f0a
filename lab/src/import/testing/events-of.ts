import type { EventInput, Refusal } from '@tandem/shared';
import { importEvents } from '../import-events.js';
import { ImportTally } from '../import-tally.js';
import type { Importer } from '../importer.js';
import { openFile } from '../open-file.js';
import { placeOf } from '../row.js';

export type Imported = {
  readonly events: readonly EventInput[];
  readonly tally: ImportTally;
  readonly refused: readonly { readonly row: number; readonly refusal: Refusal }[];
};

/** The events that an importer makes of a file, without sending them anywhere. */
export async function eventsOf(importer: Importer, path: string): Promise<Imported> {
  const events: EventInput[] = [];
  const refused: { row: number; refusal: Refusal }[] = [];
  const tally = new ImportTally();
  await importEvents({
    importer,
    file: await openFile(path),
    tally,
    onRefused: (row, refusal) => {
      tally.refuse(refusal, placeOf(row));
      refused.push({ row: row.number, refusal });
    },
    onProgress: () => {},
    sinkFor: () => ({ add: (event) => events.push(event), ready: async () => {}, finish: async () => {} }),
  });
  return { events, tally, refused };
}
