import { once } from 'node:events';
import { constants, type WriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, type Refusal, TandemError } from '@tandem/shared';
import { placeOf, type Row } from './row.js';

/** Keeps refused rows as CSV: the file's own columns, then `row` and `reason`. Mended, it can be imported again. */
export class RejectsFile {
  readonly #file: FileHandle;
  readonly #stream: WriteStream;
  #delimiter = ',';
  #failure: Error | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
    this.#stream = file.createWriteStream();
    this.#stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** Opens the file, or makes it; what is in it stays. Throws `configuration-invalid` when it cannot be written. */
  static async open(path: string): Promise<RejectsFile> {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT).catch((error: unknown) => {
      throw new TandemError(
        'configuration-invalid',
        `--rejects: cannot write ${JSON.stringify(path)}: ${messageOf(error)}; allowed is a file in a folder that exists`,
      );
    });
    return new RejectsFile(file);
  }

  /** Begins the file anew. Called when the input was understood, so that a mistyped command keeps the rows of the last. */
  async begin(header: readonly string[], delimiter: string): Promise<void> {
    // A device or a pipe has no length to cut.
    if ((await this.#file.stat()).isFile()) await this.#file.truncate(0);
    this.#delimiter = delimiter;
    this.#stream.write(this.#line([...header, 'row', 'reason']));
  }

  write(row: Row, { path, reason }: Refusal): void {
    this.#stream.write(this.#line([...row.cells, placeOf(row), path === '' ? reason : `${path}: ${reason}`]));
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
