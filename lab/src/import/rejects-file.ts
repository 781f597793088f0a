import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { messageOf, type Refusal, TandemError } from '@tandem/shared';
import type { Row } from './read-table.js';

/** Keeps refused rows as CSV: the file's own columns, then `row` and `reason`. Mended, it can be imported again. */
export class RejectsFile {
  readonly #stream: WriteStream;
  readonly #delimiter: string;
  #failure: Error | undefined;

  private constructor(stream: WriteStream, delimiter: string) {
    this.#stream = stream;
    this.#delimiter = delimiter;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** Makes the file, replacing what was there. Throws `configuration-invalid` when it cannot be written. */
  static async open(path: string, delimiter = ','): Promise<RejectsFile> {
    const file = new RejectsFile(createWriteStream(path), delimiter);
    await once(file.#stream, 'open').catch((error: unknown) => {
      throw new TandemError(
        'configuration-invalid',
        `--rejects: cannot write ${JSON.stringify(path)}: ${messageOf(error)}`,
      );
    });
    return file;
  }

  writeHeader(header: readonly string[]): void {
    this.#stream.write(this.#line([...header, 'row', 'reason']));
  }

  write(row: Row, { path, reason }: Refusal): void {
    this.#stream.write(this.#line([...row.cells, String(row.number), path === '' ? reason : `${path}: ${reason}`]));
  }

  /** Resolves when all that was written is in the file's way; throws `unavailable` when it could not be written. */
  async ready(): Promise<void> {
    if (this.#stream.writableNeedDrain && !this.#failure) await once(this.#stream, 'drain').catch(() => {});
    if (this.#failure) throw new TandemError('unavailable', `--rejects: ${this.#failure.message}`);
  }

  async close(): Promise<void> {
    if (!this.#stream.destroyed) await new Promise<void>((resolve) => this.#stream.end(() => resolve()));
    if (this.#failure) throw new TandemError('unavailable', `--rejects: ${this.#failure.message}`);
  }

  #line(cells: readonly string[]): string {
    const quoted = (cell: string) =>
      /["\r\n]/.test(cell) || cell.includes(this.#delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;
    return `${cells.map(quoted).join(this.#delimiter)}\n`;
  }
}
