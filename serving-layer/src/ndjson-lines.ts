const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The bytes of one line without its end; null for a line longer than allowed, whose bytes were let go. */
export type NdjsonLine = Buffer | null;

/** Cuts a stream of bytes into lines. Holds at most one unfinished line of `maxLineBytes`. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #unfinished: Buffer[] = [];
  #unfinishedBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that end in this chunk. They share its memory. */
  push(chunk: Buffer): readonly NdjsonLine[] {
    const lines: NdjsonLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.#finish(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The last line, if it had no newline. */
  end(): readonly NdjsonLine[] {
    return this.#unfinishedBytes === 0 ? [] : [this.#finish(Buffer.alloc(0))];
  }

  #finish(piece: Buffer): NdjsonLine {
    if (this.#unfinishedBytes === 0) return this.#checked(piece, piece.length);
    this.#keep(piece);
    const line = this.#checked(Buffer.concat(this.#unfinished), this.#unfinishedBytes);
    this.#unfinished = [];
    this.#unfinishedBytes = 0;
    return line;
  }

  #checked(line: Buffer, bytes: number): NdjsonLine {
    if (bytes > this.#maxLineBytes) return null;
    return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }

  /** Of a line that is already too long only the length is remembered. */
  #keep(piece: Buffer): void {
    this.#unfinishedBytes += piece.length;
    if (this.#unfinishedBytes > this.#maxLineBytes) this.#unfinished = [];
    else this.#unfinished.push(piece);
  }
}
