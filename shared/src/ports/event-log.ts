import type { TandemError } from '../errors.js';
import type { LogMark } from '../log-mark.js';
import type { Offsets } from '../offsets.js';

/** What a producer appends: the key picks the partition, the value is the bytes of one JSON event. */
export type NewRecord = { readonly key: string; readonly value: Uint8Array };

/**
 * One record of the log. A barrier is a control record: `barrier` names the run that drew it, `value` is null. Whoever
 * reads asks `isControl`: another program may write a record that has both, and that is a dead letter.
 */
export type LogRecord = {
  readonly offset: number;
  readonly value: Uint8Array | null;
  readonly barrier: string | null;
  /** True for an offset that holds no event, such as the mark of a producer's transaction. It starts no segment. */
  readonly isMarker?: boolean;
  /** Milliseconds of a barrier's appending by the log's own clock, where the log keeps it. */
  readonly appendedAt?: number;
};

/** Consecutive records of one partition, ascending by offset, without gaps. */
export type LogBatch = { readonly partition: number; readonly records: readonly LogRecord[] };

export type ReadOptions = {
  /** Exclusive upper bound per partition: the read ends once it has delivered everything below. Without it, it follows. */
  readonly until?: Offsets;
  /** Ends a read that follows (the iteration finishes, it does not throw). */
  readonly signal?: AbortSignal;
};

/**
 * One member of a group whose members share the partitions of the log, each read by one of them at a time.
 * Calls for one partition never overlap; those for different partitions may.
 */
export type GroupMember = {
  /**
   * The partition is this member's to read from now on. Resolves with the offset to begin at (inclusive). Called again
   * when the partition comes back after another member may have had it, and after `take` threw `fenced`.
   */
  assigned(partition: number): Promise<number>;
  /** The next records, from the offset last resolved with. Resolves with the offset to go on at, mostly the one after. */
  take(batch: LogBatch): Promise<number>;
  /** Resolves when a partition can go on in which `take` stopped short; until then it is not asked to. Absent: at once. */
  ready?(partition: number): Promise<void>;
  /** Another member may read the partition from now on. A `take` may still be under way: its writes must be fenced. */
  revoked(partition: number): void;
  /**
   * The next records of the partition cannot be read: `error` is a `corrupt` that says which and why. It stands still, while
   * the others go on, and is tried again now and then: so this may be called more than once, and `take` after it.
   */
  blocked(partition: number, error: TandemError): Promise<void>;
};

export type GroupOptions = {
  /** Members of the same name share the partitions. */
  readonly group: string;
  /** Ends the membership: `join` resolves once nothing is under way. */
  readonly signal: AbortSignal;
};

/** The partitioned, ordered, durable sequence of records. Offsets have no gaps and become visible in order. */
export interface EventLog {
  readonly partitions: number;

  /**
   * Appends records, those of one call and one partition in their order; resolves once all are durable.
   * Throws `overloaded` when too much is waiting, `unavailable` when the store is: then the outcome is unknown,
   * some may be in the log, and the caller may append again (copies are dropped by identity).
   */
  append(records: readonly NewRecord[]): Promise<void>;

  /** Appends one barrier to every partition and returns their offsets: the boundary, *exclusive* of what lies below. */
  appendBarriers(name: string): Promise<Offsets>;

  /** Per partition the offset after its last record: the exclusive upper bound of what can be read now. */
  endOffsets(): Promise<Offsets>;

  /**
   * Per partition the offset after the last record that was written, whether it can be read yet or not: those that another
   * program writes in a transaction, and all behind them, can be read when that has ended.
   */
  writtenEnds(): Promise<Offsets>;

  /** Per partition the first offset that can still be read (inclusive): what retention has left of the log. */
  startOffsets(): Promise<Offsets>;

  /**
   * Reads from `from` (inclusive). Bounded memory: reads ahead by a batch or two at most. Throws `unavailable`, and
   * `corrupt` where retention has passed the wanted offset: then records are gone that nobody has read; and where records
   * cannot be read.
   */
  read(from: Offsets, options?: ReadOptions): AsyncIterable<LogBatch>;

  /**
   * Reads as one member of a group until the signal is aborted. A log that is away for a while is waited for.
   * Throws `corrupt` where retention has passed an offset that was asked for, and whatever the member throws but `fenced`.
   */
  join(member: GroupMember, options: GroupOptions): Promise<void>;

  /**
   * Makes sure that this log holds these records, but for those that retention has passed. Throws `corrupt` when it does
   * not: then it is another log than before. Throws `unavailable` when it cannot be told now.
   */
  prove(marks: readonly LogMark[]): Promise<void>;

  /** Why this may be another log than before, as of the last look; null when it is the same. Asks nobody. */
  doubt(): string | null;

  close(): Promise<void>;
}
