import { messageOf, TandemError } from '../../errors.js';
import { type ExactInteger, normalizeExact } from '../../exact-integer.js';
import { DistinctSketch } from '../../measures/distinct-sketch.js';
import { type Cell, type Cells, cellKey } from '../../metrics/cell.js';
import type { Metric } from '../../metrics/metric.js';
import type { FoldedStretch, Segment } from '../../ports/realtime-view-store.js';
import type { Tally } from '../../tally.js';

/** The cells of one metric, column by column; what stands for one cell lies in each column in the order of the hours. */
type EncodedCells = {
  readonly metric: string;
  readonly hours: readonly number[];
  readonly dimensions: readonly string[];
  /** Sums and counts; as text where a number would not be exact. */
  readonly integers: readonly (number | string)[];
  /** Hashes per sketch. */
  readonly counts: readonly number[];
  /** The hashes of all sketches, one after the other, as base64 of 64-bit floats (little-endian). */
  readonly hashes: string;
};

type EncodedSegment = { readonly start: number; readonly tally: Tally; readonly cells: readonly EncodedCells[] };
type EncodedStretch = { readonly from: number; readonly to: number; readonly segments: readonly EncodedSegment[] };

/** JSON text: any language can read it, and nothing is faster in JavaScript. */
export function encodeStretch({ from, to, segments }: FoldedStretch): string {
  const encoded: EncodedStretch = {
    from,
    to,
    segments: segments.map(({ start, tally, cells }) => ({
      start,
      tally,
      cells: [...cells].map(([metric, ofMetric]) => encodeCells(metric, ofMetric.values())),
    })),
  };
  return JSON.stringify(encoded);
}

/** Throws `corrupt` when the text is not what encodeStretch gives for cells of these metrics. */
export function decodeStretch(text: string, partition: number, metrics: readonly Metric[]): FoldedStretch {
  return orCorrupt(() => {
    const { from, to, segments } = JSON.parse(text) as EncodedStretch;
    return { partition, from, to, segments: segments.map((segment) => decodeSegment(segment, metrics)) };
  });
}

/** A piece of a segment: some cells of one metric. */
export function encodePiece(metric: string, cells: Iterable<Cell>): string {
  return JSON.stringify(encodeCells(metric, cells));
}

/** Throws `corrupt` when the text is not what encodePiece gives for cells of these metrics. */
export function decodePiece(text: string, metrics: readonly Metric[]): ReadonlyMap<string, Cells> {
  return orCorrupt(() => {
    const encoded = JSON.parse(text) as EncodedCells;
    return new Map([[encoded.metric, decodeCells(encoded, metrics)]]);
  });
}

function encodeCells(metric: string, cells: Iterable<Cell>): EncodedCells {
  const hours: number[] = [];
  const dimensions: string[] = [];
  const integers: (number | string)[] = [];
  const counts: number[] = [];
  const hashes: number[] = [];
  for (const cell of cells) {
    hours.push(cell.hour);
    dimensions.push(...cell.dimensions);
    for (const state of cell.states) {
      if (state instanceof DistinctSketch) counts.push(pushHashes(hashes, state));
      else integers.push(typeof state === 'bigint' ? String(state) : state);
    }
  }
  const bytes = Buffer.from(Float64Array.from(hashes).buffer);
  return { metric, hours, dimensions, integers, counts, hashes: bytes.toString('base64') };
}

/** Adds the sketch's hashes and returns how many they are. */
function pushHashes(hashes: number[], sketch: DistinctSketch): number {
  const before = hashes.length;
  for (const hash of sketch.hashes()) hashes.push(hash);
  return hashes.length - before;
}

/** Throws `corrupt` when these are not cells of one of these metrics. */
function decodeCells(encoded: EncodedCells, metrics: readonly Metric[]): Cells {
  const metric = metrics.find(({ name }) => name === encoded.metric);
  if (metric === undefined) return refuse(`cells of the metric ${encoded.metric}`);
  const isDistinct = Object.values(metric.measures).map(({ kind }) => kind === 'distinct');
  const width = metric.dimensions.length;
  const sketches = sketchesOf(encoded);
  const integers = encoded.integers.values();
  const cells: Cells = new Map();
  encoded.hours.forEach((hour, index) => {
    const dimensions = encoded.dimensions.slice(index * width, (index + 1) * width);
    const states = isDistinct.map((distinct) => (distinct ? next(sketches) : toExact(next(integers))));
    cells.set(cellKey(hour, dimensions), { hour, dimensions, states });
  });
  return cells;
}

/** Parses with whatever fails on the way as `corrupt`. */
function orCorrupt<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TandemError) throw error;
    return refuse(messageOf(error));
  }
}

function decodeSegment({ start, tally, cells }: EncodedSegment, metrics: readonly Metric[]): Segment {
  return { start, tally, cells: new Map(cells.map((encoded) => [encoded.metric, decodeCells(encoded, metrics)])) };
}

function* sketchesOf({ counts, hashes }: EncodedCells): Generator<DistinctSketch> {
  const bytes = Uint8Array.from(Buffer.from(hashes, 'base64'));
  const all = new Float64Array(bytes.buffer);
  let at = 0;
  for (const count of counts) {
    yield DistinctSketch.of(all.subarray(at, at + count));
    at += count;
  }
}

function toExact(integer: number | string): ExactInteger {
  return typeof integer === 'string' ? normalizeExact(BigInt(integer)) : integer;
}

function next<Value>(values: Iterator<Value>): Value {
  const { done, value } = values.next();
  return done ? refuse('a cell without all of its states') : value;
}

function refuse(found: string): never {
  throw new TandemError(
    'corrupt',
    `found ${found} in the realtime view in Redis; allowed are cells of the metrics here`,
  );
}
