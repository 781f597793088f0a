import { type Claim, type Offsets, refutationOf, type Standing, TandemError } from '@tandem/shared';
import { keptBoundaries } from './drop-segments.js';
import type { DuplicateWindow } from './duplicate-window.js';
import type { PartitionState, SpeedOptions } from './session.js';

/**
 * Claims a partition and says where it goes on: where the view stands, or anew at the oldest kept boundary that the log
 * still reaches down to. `before` is what this worker knew of the partition when it last had it: what the window still
 * holds of it saves a refill; else the window forgets it.
 * Throws `corrupt` when retention has passed every kept boundary and what is applied: no answer could be proven.
 */
export async function takeOver(
  options: SpeedOptions,
  partition: number,
  window: DuplicateWindow,
  before?: PartitionState,
): Promise<PartitionState> {
  const { store, log } = options;
  const claim = await store.claim(partition);
  const [place, ends] = await Promise.all([placeOf(options, partition), log.endOffsets()]);
  const { from, applied, segmentStart, cold, lastBarrier } = await standingOf(options, claim, place);
  const refill = { next: refillFrom(options, applied, place.start), passed: lastBarrier ? [lastBarrier] : [] };
  const kept = before?.isWindowSound && before.next >= refill.next && before.next <= applied ? before : undefined;
  if (!kept) window.forget(partition);
  return {
    ...{ partition, owner: claim.owner, applied, segmentStart, startedAt: applied, hasCounted: applied > from },
    ...(kept ? { next: kept.next, passed: kept.passed } : refill),
    ...{ isWindowSound: true, standsAt: null, passesAlone: null },
    hasLost: claim.held === null || applied < claim.held.applied || before?.hasLost === true,
    goal: cold === null ? null : (ends[partition] ?? 0),
    blocked: null,
  };
}

/** Drops what the view holds of a partition and begins it at the oldest kept boundary that the log still reaches down to. */
export async function beginAnew(options: SpeedOptions, { partition, owner }: PartitionState): Promise<void> {
  await beginAt(options, owner, await placeOf(options, partition), null);
}

type Place = { readonly partition: number; readonly kept: Offsets; readonly start: number };

async function placeOf({ log, runs }: SpeedOptions, partition: number): Promise<Place> {
  const [kept, starts] = await Promise.all([keptBoundaries(runs), log.startOffsets()]);
  return { partition, kept: kept.map((boundary) => boundary[partition] ?? 0), start: starts[partition] ?? 0 };
}

async function standingOf(options: SpeedOptions, { owner, held }: Claim, place: Place): Promise<Standing> {
  const { partition, kept, start } = place;
  // Where the open segment begins below the oldest kept boundary, nothing that is held will ever be asked for.
  const isWanted = held && held.segmentStart >= Math.min(...kept) && held.from <= Math.max(...kept);
  if (isWanted && held.applied >= start && (await isOfThisLog(options, partition, held))) return held;
  return beginAt(options, owner, place, held);
}

async function beginAt(
  { store, logger }: SpeedOptions,
  owner: number,
  place: Place,
  held: Standing | null,
): Promise<Standing> {
  const { partition, kept, start } = place;
  const readable = kept.filter((boundary) => boundary >= start);
  if (readable.length === 0) {
    const error = passedByRetention(place, held);
    if (held) await store.setCold(partition, owner, error.message);
    throw error;
  }
  const from = Math.min(...readable);
  logger.info({ partition, from }, 'begins a partition of the realtime view anew');
  await store.begin(partition, owner, from);
  return { from, applied: from, segmentStart: from, cold: 'begun' };
}

/** Whether the log holds what the view has come to. It does not where one of the two was restored from an older copy. */
async function isOfThisLog({ log, logger }: SpeedOptions, partition: number, held: Standing): Promise<boolean> {
  const { applied, from, lastDigest } = held;
  // Nothing was applied, or by an older version, which did not say what.
  if (applied === from || !lastDigest) return applied <= ((await log.endOffsets())[partition] ?? 0);
  const refutation = await refutationOf(log, { partition, offset: applied - 1, digest: lastDigest });
  if (refutation === null) return true;
  logger.warn({ partition, applied, reason: refutation.message }, 'the realtime view is of another log than this one');
  // Where it is the log that was replaced, its doubt says so to all who ask for answers.
  if (log.doubt() !== null) throw refutation;
  return false;
}

function passedByRetention({ partition, kept, start }: Place, held: Standing | null): TandemError {
  return new TandemError(
    'corrupt',
    `partition ${partition} of the log: found ${start} as the first offset that is left; allowed is at most ${Math.max(...kept)}, the latest boundary${held ? `, or ${held.applied}, which the realtime view has come to` : ''}: records are gone that no layer has read. Lengthen the retention; the next batch run draws a boundary that can be reached`,
    { facts: { partition, start, kept } },
  );
}

/**
 * From where to read to fill the duplicate window with all that it can hold below `applied`: so that copies above of
 * originals below are dropped as if reading had never stopped.
 */
function refillFrom({ config }: SpeedOptions, applied: number, start: number): number {
  const reach = config.WARM_UP_EVENTS ?? 2 * config.DUPLICATE_WINDOW_EVENTS;
  return Math.max(start, applied - reach, 0);
}
