import type { Socket } from 'node:net';
import type { Connection, Submittable } from 'pg';

/**
 * A COPY … TO STDOUT whose rows are handed over one by one as they come, with backpressure by `pause`.
 * Give it to `client.query`, then await `done`: it rejects when the statement, the connection or `onRow` fails.
 */
export class CopyOut implements Submittable {
  readonly done: Promise<void>;
  readonly #text: string;
  readonly #onRow: (row: Buffer) => void;
  #socket: Socket | undefined;
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
    this.#socket?.resume();
  }

  submit(connection: Connection): void {
    this.#socket = connection.stream as Socket;
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
    this.#resolve();
  }

  handleError(error: Error): void {
    this.#reject(error);
  }
}
