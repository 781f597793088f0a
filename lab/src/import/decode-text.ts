import { isUtf8 } from 'node:buffer';
import { Transform, type TransformCallback } from 'node:stream';
import { messageOf, TandemError } from '@tandem/shared';
import iconv from 'iconv-lite';
import { byteOrderMarkOf, decoderNameOf, likelyEncoding, utf16Order } from './encodings.js';
import { KIND_BYTES, otherKindOf } from './file-kind.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Turns bytes into UTF-8, a piece at a time. */
interface Decoder {
  write(bytes: Buffer): Buffer;
  end(): Buffer;
}

/**
 * Bytes of a file as UTF-8 without a byte order mark. A mark says the encoding where none is given; without either it
 * is UTF-8. Fails with `corrupt` for bytes that are not in the encoding, a mark of another one, and what is no text.
 */
export class DecodeText extends Transform {
  readonly #declared: string | undefined;
  #start = Buffer.alloc(0);
  #decoder: Decoder | undefined;

  constructor(declared: string | undefined) {
    super();
    this.#declared = declared;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#run(done, () => {
      if (this.#decoder) return this.#decoder.write(chunk);
      this.#start = Buffer.concat([this.#start, chunk]);
      return this.#start.length < KIND_BYTES ? undefined : this.#begin();
    });
  }

  override _flush(done: TransformCallback): void {
    this.#run(done, () => Buffer.concat([this.#decoder ? Buffer.alloc(0) : this.#begin(), this.#end()]));
  }

  #run(done: TransformCallback, step: () => Buffer | undefined): void {
    try {
      const text = step();
      done(null, text?.length ? text : undefined);
    } catch (error) {
      done(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #begin(): Buffer {
    const other = otherKindOf(this.#start);
    if (other) refuseText(`found ${other}`);
    const mark = byteOrderMarkOf(this.#start);
    const name = chosenEncoding(this.#start, this.#declared, mark?.name);
    this.#decoder = name === 'utf8' ? new Utf8Check() : iconvDecoder(name);
    const rest = this.#start.subarray(mark?.length ?? 0);
    this.#start = Buffer.alloc(0);
    return this.#decoder.write(rest);
  }

  #end(): Buffer {
    return this.#decoder?.end() ?? Buffer.alloc(0);
  }
}

function chosenEncoding(start: Buffer, declared: string | undefined, mark: string | undefined): string {
  const name = declared === undefined ? undefined : decoderNameOf(declared);
  if (mark !== undefined) {
    const agrees = name === undefined || name === mark || (name === 'utf-16' && mark !== 'utf8');
    if (agrees) return mark;
    refuseText(
      `found a file that begins with the byte order mark of ${mark}, and the encoding ${declared}; ` +
        `allowed is ${mark}, or no encoding: the mark says it`,
    );
  }
  const guess = utf16Order(start);
  if (name === 'utf-16') return guess ?? 'utf-16le';
  if (guess !== undefined && !name?.startsWith('utf-16')) {
    refuseText(
      `found zero bytes as UTF-16 has them; allowed is ${declared ?? 'UTF-8'}: give ${howToSay(guess)} to read the file`,
    );
  }
  return name ?? 'utf8';
}

function iconvDecoder(name: string): Decoder {
  const decoder = iconv.getDecoder(name, { stripBOM: true });
  const isUtf16 = name.startsWith('utf-16');
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      return Buffer.from(decoder.write(chunk));
    },
    end: () => {
      if (isUtf16 && bytes % 2 === 1) refuseText(`found half a character at the end of the file; allowed is ${name}`);
      return Buffer.from(decoder.end() ?? '');
    },
  };
}

/** Lets UTF-8 through unchanged. A character that a piece cuts in two waits for the next one. */
class Utf8Check implements Decoder {
  #cut = Buffer.alloc(0);
  #line = 1;
  #endedWithCr = false;

  write(chunk: Buffer): Buffer {
    const bytes = this.#cut.length > 0 ? Buffer.concat([this.#cut, chunk]) : chunk;
    const whole = bytes.subarray(0, bytes.length - cutAtEnd(bytes));
    if (!isUtf8(whole)) this.#refuse(whole);
    this.#cut = Buffer.from(bytes.subarray(whole.length));
    this.#countLines(whole, whole.length);
    return whole;
  }

  end(): Buffer {
    if (this.#cut.length > 0) this.#refuse(this.#cut);
    return this.#cut;
  }

  #refuse(bytes: Buffer): never {
    const at = firstNotUtf8(bytes);
    this.#countLines(bytes, at);
    const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
    const guess = likelyEncoding(bytes.subarray(at));
    refuseText(
      `line ${this.#line}: found the byte 0x${byte}, which is not UTF-8; allowed is UTF-8 unless an encoding is ` +
        `given: the file may be ${guess}, so give ${howToSay(guess)}`,
    );
  }

  #countLines(bytes: Buffer, until: number): void {
    for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < until; at = bytes.indexOf(LINE_FEED, at + 1)) {
      const previousWasCr = at === 0 ? this.#endedWithCr : bytes[at - 1] === CARRIAGE_RETURN;
      if (!previousWasCr) this.#line++;
    }
    for (let at = bytes.indexOf(CARRIAGE_RETURN); at !== -1 && at < until; at = bytes.indexOf(CARRIAGE_RETURN, at + 1))
      this.#line++;
    if (until > 0) this.#endedWithCr = bytes[until - 1] === CARRIAGE_RETURN;
  }
}

/** How many bytes at the end begin a character that is not whole yet: 0 to 3. */
function cutAtEnd(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Where the longest start ends that is UTF-8, by halves. */
function firstNotUtf8(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const start = bytes.subarray(0, middle);
    if (isUtf8(start.subarray(0, middle - cutAtEnd(start)))) good = middle;
    else bad = middle;
  }
  // A character that was begun well before the byte that breaks it is the one to name.
  return good - cutAtEnd(bytes.subarray(0, good));
}

function howToSay(name: string): string {
  return `--encoding ${name}, or "encoding": "${name}" in the mapping,`.replace(/,$/, '');
}

function refuseText(message: string): never {
  throw new TandemError('corrupt', message);
}
