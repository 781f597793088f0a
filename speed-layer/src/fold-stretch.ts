import {
  type Cells,
  type DeadLetter,
  decodeRecord,
  type Event,
  type Fold,
  type FoldedStretch,
  foldOf,
  isControl,
  type LogBatch,
  type LogRecord,
  type Metric,
  type Segment,
  type Tally,
  ZERO_TALLY,
} from '@tandem/shared';
import type { DuplicateWindow } from './duplicate-window.js';

/** What becomes of consecutive records of one partition. Its dead letters have to be kept before it is applied. */
export type Folded = { readonly stretch: FoldedStretch; readonly deadLetters: readonly DeadLetter[] };

/** Where a stretch continues: the start of the segment that is open below its first record, and the window up to there. */
export type Continuation = {
  readonly segmentStart: number;
  readonly window: DuplicateWindow;
  /** False where the window does not hold what other partitions have: then copies that lie there are not found. */
  readonly seesAll: boolean;
};

export type StretchFold = (batch: LogBatch, continuation: Continuation) => Folded;

type Folds = readonly { readonly name: string; readonly fold: Fold }[];
type OpenSegment = { start: number; tally: { -readonly [Key in keyof Tally]: Tally[Key] }; cells: Map<string, Cells> };

/**
 * Makes the fold from records to segments: per segment the cells of every metric, and the tally of what became of each
 * record. A barrier starts a segment at its own offset (inclusive). Does no I/O; changes nothing but the window.
 * The batch must hold at least one record.
 */
export function stretchFoldOf(metrics: readonly Metric[]): StretchFold {
  const folds = metrics.map((metric) => ({ name: metric.name, fold: foldOf(metric) }));
  return ({ partition, records }, { segmentStart, window, seesAll }) => {
    const isCopy = (event: Event, offset: number) => window.isDuplicate(event, partition, offset);
    const segments = [openSegment(folds, segmentStart)];
    const deadLetters: DeadLetter[] = [];
    for (const record of records) {
      if (isBarrier(record)) segments.push(openSegment(folds, record.offset));
      const letter = foldRecord(folds, segments[segments.length - 1] as OpenSegment, isCopy, record);
      if (letter) deadLetters.push({ ...letter, partition });
    }
    if (!seesAll) for (const { tally } of segments) tally.unchecked = tally.folded;
    return { stretch: stretchOf(partition, records, segments), deadLetters };
  };
}

/** A marker lies anywhere and starts no segment. */
export function isBarrier(record: LogRecord): boolean {
  return isControl(record) && !record.isMarker;
}

function openSegment(folds: Folds, start: number): OpenSegment {
  return { start, tally: { ...ZERO_TALLY }, cells: new Map(folds.map(({ name }) => [name, new Map()])) };
}

/** Counts a record in its segment, and what it says if it is an event seen for the first time. */
function foldRecord(
  folds: Folds,
  segment: OpenSegment,
  isCopy: (event: Event, offset: number) => boolean,
  record: LogRecord,
): Omit<DeadLetter, 'partition'> | undefined {
  const { offset, value } = record;
  const { tally } = segment;
  tally.read++;
  if (isControl(record)) {
    tally.barriers++;
    return undefined;
  }
  const decoded = decodeRecord(record);
  if ('refusal' in decoded) {
    tally.invalid++;
    return { offset, value, ...decoded.refusal };
  }
  if (isCopy(decoded.event, offset)) tally.duplicate++;
  else foldEvent(folds, segment, decoded.event);
  return undefined;
}

function foldEvent(folds: Folds, { tally, cells }: OpenSegment, event: Event): void {
  tally.folded++;
  for (const { name, fold } of folds) fold(cells.get(name) as Cells, event);
}

/** A segment that no record fell into is left out: the barrier came first. */
function stretchOf(partition: number, records: readonly LogRecord[], segments: readonly Segment[]): FoldedStretch {
  const from = records[0]?.offset ?? 0;
  return { partition, from, to: from + records.length, segments: segments.filter(({ tally }) => tally.read > 0) };
}
