import type { Socket } from 'node:net';
import type { Connection, Submittable } from 'pg';

/** A server that has sent nothing for so long, though nobody paused it, is gone. */
const STALLED_AFTER_MS = 30_000;

/**
 * A COPY … TO STDOUT whose rows are handed over one by one as they come, with backpressure by `pause`.
 * Give it to `client.query`, then await `done`: it rejects when the statement, the connection or `onRow` fails.
 */
export class CopyOut implements Submittable {
  readonly done: Promise<void>;
  /** Set by the driver where the connection has a query_timeout: its timer runs until this is called. */
  callback: (() => void) | undefined;
  readonly #text: string;
  readonly #onRow: (row: Buffer) => void;
  #socket: Socket | undefined;
  #isOver = false;
  readonly #cutWhenStalled = () => {
    if (!this.#socket?.isPaused()) this.#socket?.destroy();
  };
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(text: string, onRow: (row: Buffer) => void) {
    this.#text = text;
    this.#onRow = onRow;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** No more rows come, but for those in the piece of the stream that is being read (64 KiB). */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#socket?.setTimeout(STALLED_AFTER_MS);
    this.#socket?.resume();
  }

  submit(connection: Connection): void {
    this.#socket = connection.stream as Socket;
    this.#socket.setTimeout(STALLED_AFTER_MS, this.#cutWhenStalled);
    connection.query(this.#text);
  }

  /** The row is a view of the driver's buffer, valid only during this call. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    try {
      this.#onRow(chunk);
    } catch (error) {
      this.#reject(error);
      this.#socket?.destroy();
    }
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#isOver = true;
    this.callback?.();
    this.#socket?.setTimeout(0, this.#cutWhenStalled);
    // The last row may have paused it, and the next statement needs it.
    this.#socket?.resume();
    this.#resolve();
  }

  handleError(error: Error): void {
    this.#isOver = true;
    this.callback?.();
    this.#reject(error);
  }
}
