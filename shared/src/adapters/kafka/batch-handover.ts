import type { Offsets } from '../../offsets.js';
import type { GroupMember, LogBatch } from '../../ports/event-log.js';
import { NOTHING_MORE } from './group-session.js';

/** Largest batch that is given out. */
const MAX_PAGE_RECORDS = 5_000;
/** Batches that may wait to be fetched by the reader: who hands over further ones waits. */
const MAX_WAITING = 2;

/** From a member of a group, which is handed batches, to a reader that asks for them. Remembers how far each partition is. */
export class BatchHandover implements GroupMember {
  readonly #next: number[];
  readonly #until: Offsets | undefined;
  readonly #signal: AbortSignal;
  readonly #waiting: LogBatch[] = [];
  #end: { readonly error?: unknown } | undefined;
  #wakeReader = () => {};
  #wakeMembers: (() => void)[] = [];

  constructor(from: Offsets, until: Offsets | undefined, signal: AbortSignal) {
    this.#next = [...from];
    this.#until = until;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wakeAll(), { once: true });
  }

  async assigned(partition: number): Promise<number> {
    return this.#goOnAt(partition, this.#next[partition] ?? 0);
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    const from = this.#next[partition] ?? 0;
    const end = this.#endOf(partition);
    // After a broken membership the same records may come once more.
    const wanted = records.filter(({ offset }) => offset >= from && offset < end);
    for (let at = 0; at < wanted.length; at += MAX_PAGE_RECORDS) {
      await this.#put({ partition, records: wanted.slice(at, at + MAX_PAGE_RECORDS) });
    }
    if (this.#isComplete()) this.finish();
    return this.#goOnAt(partition, (records.at(-1)?.offset ?? from - 1) + 1);
  }

  #goOnAt(partition: number, next: number): number {
    return next < this.#endOf(partition) ? next : NOTHING_MORE;
  }

  #endOf(partition: number): number {
    return this.#until?.[partition] ?? Number.POSITIVE_INFINITY;
  }

  /** Waits for room; the other partitions' pages have their turn meanwhile. Once it has ended, nothing is put any more. */
  async #put(page: LogBatch): Promise<void> {
    while (this.#waiting.length >= MAX_WAITING && !this.#signal.aborted) {
      await new Promise<void>((resolve) => this.#wakeMembers.push(resolve));
    }
    if (this.#signal.aborted) return;
    this.#waiting.push(page);
    this.#next[page.partition] = (page.records.at(-1)?.offset ?? -1) + 1;
    this.#wakeReader();
  }

  revoked(): void {}

  async blocked(_partition: number, error: unknown): Promise<void> {
    this.fail(error);
  }

  finish(): void {
    this.#end ??= {};
    this.#wakeReader();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wakeReader();
  }

  /** The next batch; undefined at the end; 'silence' after so long without one. Throws what `fail` was told. */
  async next(longestSilenceMs: number): Promise<LogBatch | 'silence' | undefined> {
    const deadline = performance.now() + longestSilenceMs;
    for (;;) {
      const batch = this.#waiting.shift();
      if (batch) {
        for (const wake of this.#wakeMembers.splice(0)) wake();
        return batch;
      }
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      if (this.#end || this.#signal.aborted) return undefined;
      // A reader that follows may wait for ever; one that wants an end must know whether there is a log.
      const left = this.#until ? deadline - performance.now() : undefined;
      if (left !== undefined && left <= 0) return 'silence';
      await this.#wokenWithin(left);
    }
  }

  async #wokenWithin(milliseconds: number | undefined): Promise<void> {
    if (milliseconds === undefined) return this.#woken();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#woken(), late]);
    clearTimeout(timer);
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeReader = resolve;
    });
  }

  #wakeAll(): void {
    this.#wakeReader();
    for (const wake of this.#wakeMembers.splice(0)) wake();
  }

  #isComplete(): boolean {
    return this.#until?.every((end, partition) => (this.#next[partition] ?? 0) >= end) ?? false;
  }
}
