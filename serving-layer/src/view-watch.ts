import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventLog,
  type Logger,
  type LogMark,
  messageOf,
  type PartitionView,
  type RealtimeViewStore,
  refutationOf,
} from '@tandem/shared';
import type { Doubts } from './log-doubt.js';

/** How often the two are compared. */
const LOOK_MS = 1_000;
/** How long the start waits for the first look. */
const PATIENCE_MS = 500;

type Held = { readonly applied: number; readonly lastDigest: string | null };

type Watched = {
  readonly log: Pick<EventLog, 'prove' | 'writtenEnds' | 'doubt'>;
  readonly store: Pick<RealtimeViewStore, 'view'>;
  readonly logger: Logger;
};

/**
 * Compares the realtime view with the log. A view that holds records which the log does not is of another log: one of the
 * two was restored from an older copy. The speed layer begins such a view anew when it takes it over; until then no answer
 * may rest on it. The log's end is compared every second, the last record that the view holds once, at the start: a log
 * that is longer than the view can only have grown while this layer was not there to see it shorter.
 */
export class ViewWatch implements Doubts {
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #viewDoubt: string | null = null;
  /** The last records of partitions that the log did not hold at the start: in doubt until the partition has others. */
  #unproven: readonly LogMark[] = [];

  /** Resolves after the first look, or without it when that takes long: a log or a store that is away gives no doubt. */
  static async open(watched: Watched): Promise<ViewWatch> {
    const watch = new ViewWatch(watched);
    await Promise.race([watch.#proveLastRecords().then(() => watch.#look()), sleep(PATIENCE_MS, null, { ref: false })]);
    return watch;
  }

  private constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  doubt(): string | null {
    return this.#watched.log.doubt() ?? this.#viewDoubt;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #proveLastRecords(): Promise<void> {
    const { log, store } = this.#watched;
    try {
      const marks = (await store.view()).partitions.flatMap(lastMark);
      const refutations = await Promise.all(marks.map((mark) => refutationOf(log, mark)));
      this.#unproven = marks.filter((_, index) => refutations[index] !== null);
    } catch (error) {
      this.#watched.logger.warn({ reason: messageOf(error) }, 'the realtime view could not be compared with the log');
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { log, store, logger } = this.#watched;
    try {
      // In this order: where the log ends is then never of an earlier moment than the view.
      const partitions = (await store.view()).partitions.map(heldOf);
      const ends = await log.writtenEnds();
      const doubts = partitions.map((held, partition) => this.#doubtOf(partition, held, ends[partition] ?? 0));
      const doubt = doubts.find((reason) => reason !== null) ?? null;
      if (doubt !== null && this.#viewDoubt === null) logger.error(doubt);
      this.#viewDoubt = doubt;
    } catch {
      // Whoever asks for the view or the log is told that it is away; what was known of the two holds.
    } finally {
      this.#isLooking = false;
    }
  }

  #doubtOf(partition: number, held: Held, end: number): string | null {
    const { applied, lastDigest } = held;
    if (applied > end) return ofAnotherLog(partition, `${applied} records, while the log ends at ${end}`);
    const isUnproven = this.#unproven.some(
      (mark) => mark.partition === partition && mark.offset === applied - 1 && mark.digest === lastDigest,
    );
    return isUnproven ? ofAnotherLog(partition, `another record at offset ${applied - 1} than the log`) : null;
  }
}

/** A copy: the view is valid only until the next await. */
function heldOf({ applied, lastDigest = null }: PartitionView): Held {
  return { applied, lastDigest };
}

function lastMark({ applied, lastDigest }: PartitionView, partition: number): readonly LogMark[] {
  return lastDigest ? [{ partition, offset: applied - 1, digest: lastDigest }] : [];
}

function ofAnotherLog(partition: number, found: string): string {
  return `partition ${partition} of the realtime view holds ${found}: it is of another log than this one. The speed layer begins it anew when it starts`;
}
