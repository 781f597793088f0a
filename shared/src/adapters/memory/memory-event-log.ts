import { TandemError } from '../../errors.js';
import { joinAlone } from '../../join-alone.js';
import { digestOf, type LogMark, logReplaced } from '../../log-mark.js';
import { type Offsets, refuseWrongLength } from '../../offsets.js';
import { partitionOf } from '../../partition-of.js';
import type {
  EventLog,
  GroupMember,
  GroupOptions,
  LogBatch,
  LogRecord,
  NewRecord,
  ReadOptions,
} from '../../ports/event-log.js';

const DEFAULT_BATCH_RECORDS = 1_000;

/** The log in process memory, for tests and simulations: same contract, but nothing survives the process. */
export class MemoryEventLog implements EventLog {
  readonly partitions: number;
  readonly #maxBatchRecords: number;
  #records: LogRecord[][];
  #waiters = new Set<() => void>();
  #isClosed = false;

  /** `maxBatchRecords`: the most that one batch of a read holds. */
  constructor(partitions: number, maxBatchRecords = DEFAULT_BATCH_RECORDS) {
    this.partitions = partitions;
    this.#maxBatchRecords = maxBatchRecords;
    this.#records = Array.from({ length: partitions }, () => []);
  }

  /** The same log once more, as another process would open it: closing one does not close the other. */
  openAgain(): MemoryEventLog {
    const again = new MemoryEventLog(this.partitions, this.#maxBatchRecords);
    again.#records = this.#records;
    again.#waiters = this.#waiters;
    return again;
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    this.#refuseClosed();
    for (const { key, value } of records) this.#put(partitionOf(key, this.partitions), value, null);
    this.#wake();
  }

  async appendBarriers(name: string): Promise<Offsets> {
    this.#refuseClosed();
    const boundary = this.#records.map(({ length }) => length);
    for (const partition of boundary.keys()) this.#put(partition, null, name);
    this.#wake();
    return boundary;
  }

  /** Appends to a given partition what another program might have: any bytes, or none. */
  appendForeign(partition: number, values: readonly (Uint8Array | null)[]): void {
    for (const value of values) this.#put(partition, value, null);
    this.#wake();
  }

  async endOffsets(): Promise<Offsets> {
    this.#refuseClosed();
    return this.#records.map(({ length }) => length);
  }

  writtenEnds(): Promise<Offsets> {
    return this.endOffsets();
  }

  async startOffsets(): Promise<Offsets> {
    return this.#records.map(() => 0);
  }

  join(member: GroupMember, { signal }: GroupOptions): Promise<void> {
    return joinAlone(this, member, signal);
  }

  async *read(from: Offsets, { until, signal }: ReadOptions = {}): AsyncGenerator<LogBatch> {
    refuseWrongLength(from, this.partitions);
    const next = [...from];
    const isDone = () => until?.every((end, partition) => (next[partition] ?? 0) >= end) ?? false;
    while (!isDone() && !signal?.aborted && !this.#isClosed) {
      const batches = this.#batchesFrom(next, until);
      for (const batch of batches) {
        next[batch.partition] = (next[batch.partition] ?? 0) + batch.records.length;
        yield batch;
        if (signal?.aborted) return;
      }
      if (batches.length === 0) await this.#appended(signal);
    }
  }

  async prove(marks: readonly LogMark[]): Promise<void> {
    this.#refuseClosed();
    for (const { partition, offset, digest } of marks) {
      const record = this.#records[partition]?.[offset];
      if (record === undefined) throw logReplaced(partition, offset, 'nothing');
      if (digestOf(record) !== digest) throw logReplaced(partition, offset, 'another record');
    }
  }

  doubt(): null {
    return null;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
  }

  #put(partition: number, value: Uint8Array | null, barrier: string | null): void {
    const records = this.#records[partition];
    records?.push({ offset: records.length, value, barrier });
  }

  /** One batch of each partition that has more. */
  #batchesFrom(next: readonly number[], until: Offsets | undefined): readonly LogBatch[] {
    return this.#records.flatMap((all, partition) => {
      const from = next[partition] ?? 0;
      const end = Math.min(from + this.#maxBatchRecords, until?.[partition] ?? all.length);
      const records = all.slice(from, end);
      return records.length > 0 ? [{ partition, records }] : [];
    });
  }

  #appended(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        this.#waiters.delete(wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
      if (signal?.aborted) wake();
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new TandemError('unavailable', 'the log has been closed; open it again');
  }
}
