import { TandemError } from '../errors.js';
import type { Offsets } from '../offsets.js';

/** What one caller appends, by partition. All of a call goes into one group, so it is in the log wholly or not at all. */
export type AppendCall = { readonly rowsByPartition: readonly (readonly AppendRow[])[] };
export type AppendRow = {
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly barrier: string | null;
};

/** Appends the calls of one group in their order; returns each call's first offset per partition. */
export type WriteGroup = (calls: readonly AppendCall[]) => Promise<readonly Offsets[]>;

type WaitingCall = AppendCall & {
  readonly rows: number;
  readonly bytes: number;
  readonly resolve: (firstOffsets: Offsets) => void;
  readonly reject: (error: unknown) => void;
};

/** What may wait: beyond it, callers are refused. A single call is always taken when nothing else waits. */
const MAX_WAITING_ROWS = 400_000;
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** What goes into one group: large enough that a commit costs little, small enough that callers wait little. */
const MAX_GROUP_ROWS = 50_000;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
/** What a row costs in memory besides its value. */
const ROW_OVERHEAD_BYTES = 100;

/**
 * Group commit: while one group is being written, further calls gather; the next group takes them together.
 * One group is under way at a time, so the calls' order is the log's order.
 */
export class AppendQueue {
  readonly #writeGroup: WriteGroup;
  readonly #deadlineMs: number;
  #waiting: WaitingCall[] = [];
  #waitingRows = 0;
  #waitingBytes = 0;
  #draining: Promise<void> | undefined;
  #isClosed = false;

  /** A call that has not been answered after `deadlineMs` throws `unavailable`; one that still waits is taken out. */
  constructor(writeGroup: WriteGroup, deadlineMs: number) {
    this.#writeGroup = writeGroup;
    this.#deadlineMs = deadlineMs;
  }

  /** Resolves with the call's first offset per partition once its group is durable. Throws `overloaded`, `unavailable`. */
  async add(call: AppendCall): Promise<Offsets> {
    if (this.#isClosed) throw new TandemError('unavailable', 'the log has been closed; open it again to append');
    const rows = call.rowsByPartition.reduce((sum, { length }) => sum + length, 0);
    const bytes = bytesOf(call);
    this.#refuseOverload(rows, bytes);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const waiting = { ...call, rows, bytes, resolve, reject };
        this.#waiting.push(waiting);
        this.#waitingRows += rows;
        this.#waitingBytes += bytes;
        this.#draining ??= this.#drain();
        timer = setTimeout(() => this.#giveUp(waiting), this.#deadlineMs);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** One that is being written cannot be taken back: whoever asked is told, and the outcome is unknown. */
  #giveUp(call: WaitingCall): void {
    const place = this.#waiting.indexOf(call);
    if (place !== -1) {
      this.#waiting.splice(place, 1);
      this.#waitingRows -= call.rows;
      this.#waitingBytes -= call.bytes;
    }
    const outcome = place === -1 ? 'whether they are in the log is unknown' : 'none is in the log';
    call.reject(
      new TandemError(
        'unavailable',
        `found ${call.rows} records not appended after ${this.#deadlineMs} ms; ${outcome}: append them again`,
      ),
    );
  }

  /** Takes no more calls; resolves when those that wait have been answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
  }

  #refuseOverload(rows: number, bytes: number): void {
    if (this.#waiting.length === 0) return;
    if (this.#waitingRows + rows <= MAX_WAITING_ROWS && this.#waitingBytes + bytes <= MAX_WAITING_BYTES) return;
    throw new TandemError(
      'overloaded',
      `found ${this.#waitingRows} records (${this.#waitingBytes} bytes) waiting to be appended; allowed are ${MAX_WAITING_ROWS} (${MAX_WAITING_BYTES} bytes): try again in a moment`,
    );
  }

  async #drain(): Promise<void> {
    // Calls made in the same turn of the event loop go into one group.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) await this.#writeAndAnswer(this.#takeGroup());
    this.#draining = undefined;
  }

  #takeGroup(): readonly WaitingCall[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const call of this.#waiting) {
      if (count > 0 && (rows + call.rows > MAX_GROUP_ROWS || bytes + call.bytes > MAX_GROUP_BYTES)) break;
      rows += call.rows;
      bytes += call.bytes;
      count++;
    }
    this.#waitingRows -= rows;
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #writeAndAnswer(group: readonly WaitingCall[]): Promise<void> {
    try {
      const firstOffsets = await this.#writeGroup(group);
      group.forEach((call, index) => {
        call.resolve(firstOffsets[index] ?? []);
      });
    } catch (error) {
      // Whether the group is in the log may be unknown: it is not written again, so that nothing is acknowledged twice.
      for (const call of group) call.reject(error);
    }
  }
}

function bytesOf({ rowsByPartition }: AppendCall): number {
  let bytes = 0;
  for (const rows of rowsByPartition) {
    for (const { key, value } of rows) bytes += ROW_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  }
  return bytes;
}
