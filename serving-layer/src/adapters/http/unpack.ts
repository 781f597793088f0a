import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { messageOf, TandemError } from '@tandem/shared';
import { HttpProblem } from './problem.js';

/** How bodies may be packed, by the names of Content-Encoding. */
export const ENCODINGS = ['gzip', 'deflate', 'br', 'identity'];
/** What is unpacked at a time: gzip makes at most a thousand times as much of it. */
const PIECE_BYTES = 16_384;
/** Events pack to a tenth or a fiftieth. What unpacks to more than this is made to fill memory or time. */
const FREE_BYTES = 8 * 1_048_576;
const MOST_TIMES = 500;

type Unpacker = ReturnType<typeof createGunzip>;

/**
 * The bytes of a packed body. All that was whole comes out before a fault is thrown: `request-invalid` when the body
 * breaks off or is not packed in this way, 413 when it unpacks to more than FREE_BYTES and MOST_TIMES its size.
 */
export async function* unpacked(packed: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  let unpacking: Unpacking | undefined;
  for await (const chunk of packed) {
    unpacking ??= new Unpacking(unpackerOf(encoding, chunk), encoding);
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      yield* await unpacking.push(chunk.subarray(at, at + PIECE_BYTES));
      unpacking.throwFault();
    }
  }
  if (unpacking === undefined) return;
  yield* await unpacking.end();
  unpacking.throwFault();
}

/** "deflate" means the zlib format, but some send it without the header. */
function unpackerOf(encoding: string, first: Buffer): Unpacker {
  if (encoding === 'br') return createBrotliDecompress();
  if (encoding !== 'deflate') return createGunzip();
  return ((first[0] ?? 0) & 0x0f) === 0x08 ? createInflate() : createInflateRaw();
}

class Unpacking {
  readonly #unpacker: Unpacker;
  readonly #encoding: string;
  #ready: Buffer[] = [];
  #packedBytes = 0;
  #bytes = 0;
  #fault: Error | undefined;
  #hasEnded = false;
  #onSettled = () => {};

  constructor(unpacker: Unpacker, encoding: string) {
    this.#unpacker = unpacker;
    this.#encoding = encoding;
    unpacker.on('data', (bytes: Buffer) => this.#take(bytes));
    unpacker.on('error', (error) => {
      this.#fault ??= this.#broken(messageOf(error));
    });
    unpacker.on('end', () => {
      this.#hasEnded = true;
      this.#onSettled();
    });
    unpacker.on('close', () => this.#onSettled());
  }

  /** What comes out of a piece, whole, also where the piece has a fault further on. */
  async push(piece: Buffer): Promise<readonly Buffer[]> {
    if (this.#hasEnded) this.#fault ??= this.#broken('more bytes follow its end');
    this.#packedBytes += piece.length;
    await this.#settled((done) => this.#unpacker.write(piece, done));
    if (this.#hasEnded && this.#unpacker.bytesWritten < this.#packedBytes) {
      this.#fault ??= this.#broken('more bytes follow its end');
    }
    return this.#ready.splice(0);
  }

  async end(): Promise<readonly Buffer[]> {
    if (!this.#hasEnded) await this.#settled(() => this.#unpacker.end());
    return this.#ready.splice(0);
  }

  throwFault(): void {
    if (this.#fault === undefined) return;
    this.#unpacker.destroy();
    throw this.#fault;
  }

  /** Resolves when the work is done, or when the unpacker has ended or failed: then it calls nobody back. */
  async #settled(work: (done: () => void) => void): Promise<void> {
    if (this.#unpacker.destroyed || this.#hasEnded) return;
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
      work(resolve);
    });
  }

  #take(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#ready.push(bytes);
    const most = FREE_BYTES + MOST_TIMES * this.#packedBytes;
    if (this.#bytes <= most || this.#fault) return;
    const detail = `found ${this.#packedBytes} bytes of ${this.#encoding} that unpack to more than ${most}; allowed is ${MOST_TIMES} times their number, and ${FREE_BYTES} besides`;
    this.#fault = new HttpProblem(413, 'body-too-large', 'The body is too large', detail, { facts: { allowed: most } });
    this.#unpacker.destroy();
  }

  #broken(reason: string): TandemError {
    return new TandemError(
      'request-invalid',
      `found a body that is not whole ${this.#encoding}: ${reason}; allowed is whole ${this.#encoding}`,
    );
  }
}
