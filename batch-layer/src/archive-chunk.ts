import {
  type DeadLetter,
  dayOf,
  decodeRecord,
  isControl,
  type LogBatch,
  type LogRecord,
  type Offsets,
  refuseGap,
} from '@tandem/shared';
import type { ArchiveStretch, CatalogFile } from './ports/catalog.js';
import type { RowsWriter } from './ports/dataset-files.js';

/** Where the events of one day in a chunk lie in the log. */
export type DayRange = Pick<CatalogFile, 'rowCount' | 'firstOffsets' | 'lastOffsets'>;

type OpenDay = { rowCount: number; first: number[]; last: number[] };
type OpenStretch = { from: number; to: number; events: number; invalid: number; barriers: number };

/** A stretch of the log on its way into the master dataset: counts what it reads, sorts events by their own day. */
export class ArchiveChunk {
  readonly #partitions: number;
  readonly #writer: RowsWriter;
  readonly #accepts: (day: string) => boolean;
  readonly #days = new Map<string, OpenDay>();
  readonly #stretches = new Map<number, OpenStretch>();
  readonly deadLetters: DeadLetter[] = [];
  /** Records and bytes taken in, for bounding the chunk. */
  records = 0;
  bytes = 0;

  /** `accepts`: events of other days are read but not written (for archiving one file again). */
  constructor(partitions: number, writer: RowsWriter, accepts: (day: string) => boolean = () => true) {
    this.#partitions = partitions;
    this.#writer = writer;
    this.#accepts = accepts;
  }

  /** Throws `corrupt` when the batch does not go on where the one before of its partition ended, or leaves out records. */
  async add(batch: LogBatch): Promise<void> {
    const { partition, records } = batch;
    const first = records[0];
    if (first === undefined) return;
    const stretch = this.#stretches.get(partition) ?? {
      from: first.offset,
      to: first.offset,
      events: 0,
      invalid: 0,
      barriers: 0,
    };
    this.#stretches.set(partition, stretch);
    refuseGap(batch, stretch.to);
    for (const record of records) this.#addRecord(partition, stretch, record);
    await this.#writer.drain();
  }

  #addRecord(partition: number, stretch: OpenStretch, record: LogRecord): void {
    const { offset, value } = record;
    this.records++;
    this.bytes += value?.length ?? 0;
    stretch.to = offset + 1;
    if (isControl(record)) {
      stretch.barriers++;
      return;
    }
    const decoded = decodeRecord(record);
    if ('refusal' in decoded) {
      stretch.invalid++;
      this.deadLetters.push({ partition, offset, value, ...decoded.refusal });
      return;
    }
    stretch.events++;
    const day = dayOf(decoded.event.occurred_at);
    if (!this.#accepts(day)) return;
    this.#extendDay(day, partition, offset);
    this.#writer.add(partition, offset, decoded.event);
  }

  #extendDay(day: string, partition: number, offset: number): void {
    let open = this.#days.get(day);
    if (open === undefined) {
      open = { rowCount: 0, first: [], last: [] };
      this.#days.set(day, open);
    }
    open.rowCount++;
    open.first[partition] ??= offset;
    open.last[partition] = offset + 1;
  }

  /** By day, ascending. */
  days(): ReadonlyMap<string, DayRange> {
    const sorted = [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(sorted.map(([day, open]) => [day, this.#rangeOf(open)]));
  }

  stretches(): readonly ArchiveStretch[] {
    return [...this.#stretches].map(([partition, stretch]) => ({ partition, ...stretch }));
  }

  #rangeOf({ rowCount, first, last }: OpenDay): DayRange {
    const filled = (offsets: readonly number[]): Offsets =>
      Array.from({ length: this.#partitions }, (_, partition) => offsets[partition] ?? 0);
    return { rowCount, firstOffsets: filled(first), lastOffsets: filled(last) };
  }
}
