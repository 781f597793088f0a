/**
 * The merge: how the exact past and the fresh present become one answer.
 *
 *      log of one partition   0 ............ boundary ............ applied
 *                             |--- batch ----|------- speed -------|
 *
 * A batch run covers exactly the records *below* its boundary. The speed layer begins a new segment *at* every barrier,
 * and a boundary is where a run's barriers lie, so the segments that start at or above it cover exactly the rest.
 * Nothing is counted twice and nothing is left out, whatever the clocks say: there is no clock here.
 *
 * Two rules, both pure:
 * 1. `segmentsAbove`: which segments of the realtime view lie above the line, or why that cannot be told.
 * 2. `mergeValues`: how two values of one measure combine. Sums and counts add. Distinct counts do not (a customer may
 *    be on both sides), so batch's exact count grows by the number of values that only speed has seen.
 */
import {
  addExact,
  coldReason,
  countNew,
  type ExactInteger,
  type Offsets,
  type PartitionView,
  type RealtimeView,
  type Segment,
  TandemError,
} from '@tandem/shared';
import { type DistinctValue, isDistinct, type MeasureValue, type Values } from './query/values.js';

/**
 * Per partition, the segments that start at or above the boundary. The boundary must have been read *before* the view:
 * the other way round a run could be published in between, and what it took over would be missing from both sides.
 * Throws `not-provable` when the view is cold, or has no segment that starts exactly at the boundary though it is past it.
 */
export function segmentsAbove(view: RealtimeView, boundary: Offsets): readonly (readonly Segment[])[] {
  const cold = coldReason(view);
  if (cold !== null) throw notProvable(`the realtime view cannot be used yet: ${cold}`);
  return boundary.map((offset, partition) => partitionAbove(view.partitions[partition], partition, offset));
}

function partitionAbove(held: PartitionView | undefined, partition: number, boundary: number): readonly Segment[] {
  if (!held) throw notProvable(`the realtime view does not hold partition ${partition}`);
  // Speed lags behind the line: it adds nothing here, and the answer is the fold of a shorter, true prefix of the log.
  if (held.applied <= boundary) return [];
  const first = held.segments.findIndex(({ start }) => start === boundary);
  if (first === -1) {
    throw notProvable(
      `the realtime view of partition ${partition} reaches from ${held.from} to ${held.applied} but has no segment that starts at the boundary ${boundary}`,
      { partition, boundary, from: held.from, applied: held.applied },
    );
  }
  return held.segments.slice(first);
}

/** batch ⊕ speed, measure by measure. Neutral: `zeroValues`. Changes neither. */
export function mergeValues(batch: Values, speed: Values): Values {
  return batch.map((value, index) => mergeValue(value, speed[index] ?? 0));
}

function mergeValue(batch: MeasureValue, speed: MeasureValue): MeasureValue {
  return isDistinct(batch) ? mergeDistinct(batch, speed as DistinctValue) : addExact(batch, speed as ExactInteger);
}

/** Only what is new is estimated; it is counted, not estimated, while both sketches still hold every value. */
function mergeDistinct(batch: DistinctValue, speed: DistinctValue): DistinctValue {
  if (speed.count === 0) return batch;
  if (!batch.sketch || !speed.sketch) {
    throw new TandemError(
      'internal',
      'found a distinct count without its sketch; allowed is to merge counts that have one',
    );
  }
  const isExact = batch.isExact && batch.sketch.isExact && speed.sketch.isExact;
  return { count: batch.count + countNew(batch.sketch, speed.sketch), isExact, sketch: null };
}

function notProvable(reason: string, facts: Record<string, unknown> = {}): TandemError {
  return new TandemError('not-provable', `No number can be given: ${reason}. Try again shortly.`, {
    facts: { reason, ...facts },
  });
}
