import {
  type DeadLetter,
  decodeRecord,
  digestOf,
  type FoldedStretch,
  type GroupMember,
  isControl,
  type LogBatch,
  type LogRecord,
  refuseGap,
  TandemError,
} from '@tandem/shared';
import { type StretchFold, stretchFoldOf } from './fold-stretch.js';
import { keepDeadLetters } from './keep-dead-letters.js';
import { breathe } from './patience.js';
import type { PartitionState, SpeedOptions } from './session.js';
import { takeOver } from './take-over.js';
import { waitForRoom } from './wait-for-room.js';

/**
 * The speed layer as a member of the group that shares the log: what it is assigned it claims, folds and applies to the
 * realtime view, stretch by stretch. It remembers the duplicate windows of what it had, in case that comes back.
 */
export class SpeedMember implements GroupMember {
  readonly #options: SpeedOptions;
  readonly #signal: AbortSignal;
  readonly #foldStretch: StretchFold;
  readonly #states = new Map<number, PartitionState>();
  readonly #owned = new Set<number>();
  /** The latest assignment of each partition, from its beginning until it is revoked. */
  readonly #assignments = new Map<number, symbol>();

  constructor(options: SpeedOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#foldStretch = stretchFoldOf(options.metrics);
  }

  /** The partitions that are this member's now. */
  owned(): readonly PartitionState[] {
    return [...this.#states.values()].filter(({ partition }) => this.#owned.has(partition));
  }

  async assigned(partition: number): Promise<number> {
    const assignment = Symbol(partition);
    this.#assignments.set(partition, assignment);
    // The claim that was held until now is about to be replaced.
    this.#owned.delete(partition);
    const state = await takeOver(this.#options, partition, this.#states.get(partition));
    this.#states.set(partition, state);
    // It may have been revoked meanwhile: then it is another member's, and its segments are not ours to drop.
    if (this.#assignments.get(partition) === assignment) this.#owned.add(partition);
    await this.#reportProgress(state);
    return state.next;
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    const { config } = this.#options;
    const state = this.#stateOf(partition);
    state.blocked = null;
    for (let at = 0; at < records.length && !this.#signal.aborted; at += config.SPEED_STRETCH_EVENTS) {
      await this.#takePiece(state, records.slice(at, at + config.SPEED_STRETCH_EVENTS));
      await breathe();
      if (await waitForRoom(this.#options, state, this.#signal)) continue;
      if (!this.#signal.aborted) return this.assigned(partition);
    }
    return state.next;
  }

  revoked(partition: number): void {
    this.#assignments.delete(partition);
    this.#owned.delete(partition);
  }

  /** Answers would miss what cannot be read, so there are none until it can. */
  async blocked(partition: number, { message }: TandemError): Promise<void> {
    const state = this.#stateOf(partition);
    state.blocked = message;
    state.goal ??= state.next + 1;
    await this.#options.store.setCold(partition, state.owner, message);
  }

  /**
   * Says why answers cannot rest on them, until they have caught up again, on every partition that was this member's last:
   * a membership that broke off has none any more.
   */
  async makeCold(reason: string): Promise<void> {
    for (const { partition, owner } of this.#states.values()) {
      await this.#options.store.setCold(partition, owner, reason).catch((error) => {
        if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
      });
    }
  }

  async #takePiece(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    refuseGap({ partition: state.partition, records }, state.next);
    const counted = records.findIndex(({ offset }) => offset >= state.applied);
    refill(state, counted === -1 ? records : records.slice(0, counted));
    if (counted !== -1) await this.#applyFolded(state, records.slice(counted));
    await this.#reportProgress(state);
  }

  /** Applies a stretch once its dead letters are kept; not at all when the signal is aborted before that. */
  async #applyFolded(state: PartitionState, records: readonly LogRecord[]): Promise<void> {
    const { store, deadLetters, logger } = this.#options;
    state.isWindowSound = false;
    const { stretch, deadLetters: letters } = this.#foldStretch({ partition: state.partition, records }, state);
    if (!(await this.#keep(deadLetters, letters, logger))) return;
    await store.apply(state.owner, { ...stretch, lastDigest: digestOf(records.at(-1) as LogRecord) });
    moveTo(state, stretch);
  }

  #keep(deadLetters: SpeedOptions['deadLetters'], letters: readonly DeadLetter[], logger: SpeedOptions['logger']) {
    return keepDeadLetters(deadLetters, letters, { logger, signal: this.#signal });
  }

  /** While the goal is not reached, the partition is cold and says how far it is. */
  async #reportProgress(state: PartitionState): Promise<void> {
    const { partition, owner, applied, goal, startedAt } = state;
    if (goal === null) return;
    const { store, logger } = this.#options;
    if (applied >= goal) {
      state.goal = null;
      await store.setCold(partition, owner, null);
      logger.info({ partition, records: applied - startedAt }, 'the realtime view has caught up with the log');
      return;
    }
    const progress = `${applied - startedAt} of ${goal - startedAt} records`;
    await store.setCold(partition, owner, `the realtime view is being rebuilt from the log: ${progress}`);
  }

  #stateOf(partition: number): PartitionState {
    const state = this.#states.get(partition);
    if (state) return state;
    throw new TandemError('internal', `found records of partition ${partition}, which was not assigned`);
  }
}

function moveTo(state: PartitionState, { to, segments }: FoldedStretch): void {
  state.applied = to;
  state.next = to;
  state.segmentStart = segments.at(-1)?.start ?? state.segmentStart;
  state.isWindowSound = true;
}

/** Puts records below what is applied into the duplicate window, without counting them. */
function refill(state: PartitionState, records: readonly LogRecord[]): void {
  for (const record of records) {
    const { offset } = record;
    state.next = offset + 1;
    if (isControl(record)) continue;
    const decoded = decodeRecord(record);
    if ('event' in decoded) state.window.isDuplicate(decoded.event, offset);
  }
}
