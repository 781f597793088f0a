import type { Offsets } from '../offsets.js';

/** What a producer appends: the key picks the partition, the value is the bytes of one JSON event. */
export type NewRecord = { readonly key: string; readonly value: Uint8Array };

/** One record of the log. A barrier is a control record: `barrier` names the run that drew it, `value` is null. */
export type LogRecord = {
  readonly offset: number;
  readonly value: Uint8Array | null;
  readonly barrier: string | null;
};

/** Consecutive records of one partition, ascending by offset, without gaps. */
export type LogBatch = { readonly partition: number; readonly records: readonly LogRecord[] };

export type ReadOptions = {
  /** Exclusive upper bound per partition: the read ends once it has delivered everything below. Without it, it follows. */
  readonly until?: Offsets;
  /** Ends a read that follows (the iteration finishes, it does not throw). */
  readonly signal?: AbortSignal;
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

  /** Reads from `from` (inclusive). Bounded memory: reads ahead by a batch or two at most. Throws `unavailable`. */
  read(from: Offsets, options?: ReadOptions): AsyncIterable<LogBatch>;

  close(): Promise<void>;
}
