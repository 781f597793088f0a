import { digestOf, type GroupMember, type LogBatch, type LogRecord, refuseGap, TandemError } from '@tandem/shared';
import { Alignment, isFilled, pass } from './alignment.js';
import { DuplicateWindow } from './duplicate-window.js';
import { isBarrier, type StretchFold, stretchFoldOf } from './fold-stretch.js';
import { keepDeadLetters } from './keep-dead-letters.js';
import { breathe } from './patience.js';
import { refill } from './refill.js';
import { reportProgress } from './report-progress.js';
import type { PartitionState, SpeedOptions } from './session.js';
import { beginAnew, takeOver } from './take-over.js';
import { waitForRoom } from './wait-for-room.js';

/**
 * The speed layer as a member of the group that shares the log: what it is assigned it claims, folds and applies to the
 * realtime view, stretch by stretch and one at a time, so that the window and the view hold the same. It remembers what
 * the window holds of partitions that it had, in case they come back.
 */
export class SpeedMember implements GroupMember {
  readonly #options: SpeedOptions;
  readonly #signal: AbortSignal;
  readonly #foldStretch: StretchFold;
  readonly #window: DuplicateWindow;
  readonly #alignment: Alignment;
  readonly #states = new Map<number, PartitionState>();
  readonly #owned = new Set<number>();
  /** The latest assignment of each partition, from its beginning until it is revoked. */
  readonly #assignments = new Map<number, symbol>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SpeedOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#foldStretch = stretchFoldOf(options.metrics);
    this.#window = new DuplicateWindow(options.config.DUPLICATE_WINDOW_EVENTS);
    this.#alignment = new Alignment(signal);
  }

  /** The partitions that are this member's now. */
  owned(): readonly PartitionState[] {
    return [...this.#states.values()].filter(({ partition }) => this.#owned.has(partition));
  }

  async assigned(partition: number): Promise<number> {
    const assignment = Symbol(partition);
    this.#assignments.set(partition, assignment);
    this.#alignment.put(partition, null);
    // The claim that was held until now is about to be replaced.
    this.#owned.delete(partition);
    const state = await takeOver(this.#options, partition, this.#window, this.#states.get(partition));
    this.#states.set(partition, state);
    // It may have been revoked meanwhile: then it is another member's, and its segments are not ours to drop.
    if (this.#assignments.get(partition) === assignment) {
      this.#owned.add(partition);
      await this.#inTurn(() => this.#beginTogether());
      this.#alignment.put(partition, state);
    }
    await reportProgress(this.#options, state);
    return state.next;
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    const state = this.#stateOf(partition);
    state.blocked = null;
    for (let at = 0; at < records.length && !this.#signal.aborted; ) {
      const piece = this.#pieceAt(records, at, state);
      if (!(await this.#inTurn(() => this.#takePiece(state, piece)))) return state.next;
      at += piece.length;
      await breathe();
      if (await waitForRoom(this.#options, state, this.#signal)) continue;
      if (!this.#signal.aborted) return this.assigned(partition);
    }
    return state.next;
  }

  /** Resolves when a partition that `take` stopped in can go on: the others have come as far as it has to wait for. */
  async ready(partition: number): Promise<void> {
    await this.#alignment.untilMayGoOn(this.#stateOf(partition));
  }

  revoked(partition: number): void {
    this.#assignments.delete(partition);
    this.#owned.delete(partition);
    this.#alignment.delete(partition);
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

  /** The records from `at` on that are taken at once: of one kind, counted already or not, and up to the next barrier. */
  #pieceAt(records: readonly LogRecord[], at: number, { applied }: PartitionState): readonly LogRecord[] {
    const most = records.slice(at, at + this.#options.config.SPEED_STRETCH_EVENTS);
    const isCounted = (most[0]?.offset ?? 0) < applied;
    const end = most.findIndex(
      (record, index) => index > 0 && (isBarrier(record) || record.offset < applied !== isCounted),
    );
    return end === -1 ? most : most.slice(0, end);
  }

  /** False, having taken nothing, when other partitions have to be waited for. */
  async #takePiece(state: PartitionState, records: readonly LogRecord[]): Promise<boolean> {
    refuseGap({ partition: state.partition, records }, state.next);
    const first = records[0] as LogRecord;
    if (first.offset < state.applied) this.#refill(state, records);
    else if (!(await this.#foldUnlessWaiting(state, first, records))) return false;
    await reportProgress(this.#options, state);
    return true;
  }

  #refill(state: PartitionState, records: readonly LogRecord[]): void {
    refill(state, this.#window, records);
    if (isFilled(state)) this.#alignment.tell();
  }

  async #foldUnlessWaiting(state: PartitionState, first: LogRecord, records: readonly LogRecord[]): Promise<boolean> {
    state.standsAt = isBarrier(first) ? first.barrier : null;
    // Others may wait for it to come here.
    if (state.standsAt !== null) this.#alignment.tell();
    if (!this.#alignment.mayFold(state)) return false;
    if (state.standsAt !== null) pass(state, state.standsAt);
    try {
      return await this.#apply(state, records);
    } catch (error) {
      // What of it is in the window may not be in the view.
      this.#forget(state);
      throw error;
    }
  }

  /** Applies a stretch once its dead letters are kept. False when the signal is aborted before that. */
  async #apply(state: PartitionState, records: readonly LogRecord[]): Promise<boolean> {
    const { store, deadLetters: kept, logger, log } = this.#options;
    const { partition, owner, segmentStart } = state;
    const seesAll = this.#alignment.size === log.partitions && state.passesAlone === null;
    const continuation = { segmentStart, window: this.#window, seesAll };
    const { stretch, deadLetters } = this.#foldStretch({ partition, records }, continuation);
    if (!(await keepDeadLetters(kept, deadLetters, { logger, signal: this.#signal }))) {
      this.#forget(state);
      return false;
    }
    const last = { lastDigest: digestOf(records.at(-1) as LogRecord), lastBarrier: state.passed.at(-1) ?? null };
    await store.apply(owner, { ...stretch, ...last });
    state.applied = stretch.to;
    state.next = stretch.to;
    state.segmentStart = stretch.segments.at(-1)?.start ?? segmentStart;
    state.hasCounted = true;
    return true;
  }

  #forget(state: PartitionState): void {
    state.isWindowSound = false;
    this.#window.forget(state.partition);
  }

  /**
   * Where the view of a partition is lost, copies that others dropped because it held the event would count nowhere: so
   * they begin anew with it. Throws `unavailable` when there are such: then all are assigned once more. Looked at when the
   * last of the assigned partitions is taken over, and before anything is folded.
   */
  async #beginTogether(): Promise<void> {
    const states = this.owned();
    if (states.length < this.#assignments.size) return;
    const isAnyLost = states.some(({ hasLost }) => hasLost);
    const others = isAnyLost ? states.filter(({ hasLost, hasCounted }) => !hasLost && hasCounted) : [];
    for (const state of others) {
      this.#forget(state);
      await beginAnew(this.#options, state);
    }
    for (const state of states) state.hasLost = false;
    if (others.length === 0) return;
    const names = others.map(({ partition }) => partition).join(', ');
    throw new TandemError('unavailable', `partitions ${names} begin anew with another whose realtime view was lost`);
  }

  /** Does the work when all that was asked for before has ended, well or not. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  #stateOf(partition: number): PartitionState {
    const state = this.#states.get(partition);
    if (state) return state;
    throw new TandemError('internal', `found records of partition ${partition}, which was not assigned`);
  }
}
