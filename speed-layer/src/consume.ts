import { isAtOrBelow, type LogBatch, type Offsets, recordsBetween } from '@tandem/shared';
import { type Folded, type StretchFold, stretchFoldOf } from './fold-stretch.js';
import { keepDeadLetters } from './keep-dead-letters.js';
import { breathe } from './patience.js';
import { readLog } from './read-log.js';
import { appliedOffsets, type Session, type SpeedOptions, stateOf } from './session.js';
import { waitForRoom } from './wait-for-room.js';

/**
 * Follows the log from the session's applied offsets and applies it to the realtime view, stretch by stretch. Ends when
 * the signal is aborted, or when the view has to begin anew at a later boundary.
 */
export async function consume(options: SpeedOptions, session: Session, signal: AbortSignal): Promise<void> {
  const foldStretch = stretchFoldOf(options.metrics);
  let canGoOn = true;
  while (canGoOn && !signal.aborted) {
    await follow(options, session, foldStretch, signal);
    canGoOn = await waitForRoom(options, session, signal);
  }
}

/** Ends when the signal is aborted or the view is full. Makes the view warm once all is applied that is in the log now. */
async function follow(options: SpeedOptions, session: Session, foldStretch: StretchFold, signal: AbortSignal) {
  const { log, store, config, logger } = options;
  let goal = await reportProgress(options, session, await log.endOffsets());
  const reading = { maxRecords: config.SPEED_STRETCH_EVENTS, signal, logger };
  for await (const batch of readLog(log, () => appliedOffsets(session), reading)) {
    await applyFolded(options, session, foldBatch(session, foldStretch, batch), signal);
    if (signal.aborted || (await store.heldSize()) > config.SPEED_MAX_CELLS) return;
    if (goal) goal = await reportProgress(options, session, goal);
    await breathe();
  }
}

function foldBatch(session: Session, foldStretch: StretchFold, batch: LogBatch): Folded {
  return foldStretch(batch, stateOf(session, batch.partition));
}

/** Applies a stretch once its dead letters are kept; not at all when the signal is aborted before that. */
async function applyFolded(
  { store, deadLetters, logger }: SpeedOptions,
  session: Session,
  { stretch, deadLetters: letters }: Folded,
  signal: AbortSignal,
): Promise<void> {
  if (!(await keepDeadLetters(deadLetters, letters, { logger, signal }))) return;
  await store.apply(session.owner, stretch);
  const state = stateOf(session, stretch.partition);
  state.applied = stretch.to;
  state.segmentStart = stretch.segments.at(-1)?.start ?? state.segmentStart;
}

/** While the goal is not reached, the view is cold and says how far it is. Returns null once it is reached. */
async function reportProgress(
  { store, logger }: SpeedOptions,
  session: Session,
  goal: Offsets,
): Promise<Offsets | null> {
  const applied = appliedOffsets(session);
  const all = recordsBetween(session.resume, goal);
  if (isAtOrBelow(goal, applied)) {
    await store.setCold(session.owner, null);
    logger.info({ records: all }, 'the realtime view has caught up with the log');
    return null;
  }
  const done = all - recordsBetween(applied, goal);
  await store.setCold(session.owner, `the realtime view is being rebuilt from the log: ${done} of ${all} records`);
  return goal;
}
