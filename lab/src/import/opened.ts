import type { Readable } from 'node:stream';

/** One table of a file: the file itself, or an entry of a zip. */
export type FilePart = {
  /** The entry's name in a zip. */
  readonly name?: string;
  /** Its bytes, unpacked. */
  open(): Promise<Readable>;
};

/** A file that is there and can be read. */
export type OpenFile = {
  /** What to read, in this order. */
  readonly parts: readonly FilePart[];
  /** How much there is to read, and how much was read so far: of the packed bytes where those are what is counted. */
  readonly totalBytes: number;
  readBytes(): number;
  /** What a user should know about the choice of parts. */
  readonly notes: readonly string[];
  close(): void;
};

const GZIP_MAGIC = [0x1f, 0x8b];
/** Of a zip with entries, without any, and in several volumes. */
const ZIP_MAGICS = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
  [0x50, 0x4b, 0x07, 0x08],
];

export function isGzip(firstBytes: Uint8Array): boolean {
  return startsWith(firstBytes, GZIP_MAGIC);
}

export function isZip(firstBytes: Uint8Array): boolean {
  return ZIP_MAGICS.some((magic) => startsWith(firstBytes, magic));
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
