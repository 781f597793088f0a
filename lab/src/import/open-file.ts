import { createReadStream, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, TandemError } from '@tandem/shared';
import { isGzip, isZip, type OpenFile } from './opened.js';
import { openZip } from './zip-entry.js';

export type OpenOptions = {
  /** The file to read of a zip; otherwise all that end in `.csv`. */
  readonly entry?: string | undefined;
  /** What "-" reads. */
  readonly stdin?: Readable;
};

/**
 * Opens a plain, gzip or zip file; which one is seen from its first bytes, not from its name. "-" is standard input.
 * Throws `not-found` when there is no such file or no CSV in the zip, `corrupt` when it cannot be unpacked.
 */
export async function openFile(path: string, { entry, stdin = process.stdin }: OpenOptions = {}): Promise<OpenFile> {
  if (path === '-') return onlyPlainOrGzip(path, entry, await openPipe(stdin));
  const { about, firstBytes } = await inspect(path);
  if (isZip(firstBytes)) return openZip(path, entry);
  const packed = createReadStream(path);
  if (!about.isFile()) return onlyPlainOrGzip(path, entry, await openPipe(packed));
  return onlyPlainOrGzip(path, entry, { packed, firstBytes, size: about.size, readBytes: () => packed.bytesRead });
}

type Packed = {
  readonly packed: Readable;
  readonly firstBytes: Uint8Array;
  readonly size: number;
  readBytes(): number;
};

function onlyPlainOrGzip(path: string, entry: string | undefined, file: Packed): OpenFile {
  const { packed, firstBytes, size, readBytes } = file;
  if (isZip(firstBytes)) fail(path, 'a zip that comes through a pipe', 'a zip as a file: it is read from its end');
  if (entry !== undefined) fail(path, `--entry ${entry} for a file that is no zip`, '--entry with a zip');
  // The error of either stream ends the reader with it; nothing more is to be done about it here.
  const unpacked = () => (isGzip(firstBytes) ? pipeline(packed, createGunzip(), () => {}) : packed);
  return {
    parts: [{ open: async () => unpacked() }],
    totalBytes: size,
    readBytes,
    notes: [],
    close: () => packed.destroy(),
  };
}

/** A pipe cannot be read twice: its first bytes are put back. */
async function openPipe(packed: Readable): Promise<Packed> {
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    packed.once('error', reject);
    packed.once('end', () => resolve(null));
    packed.once('readable', () => resolve(packed.read()));
  });
  if (first) packed.unshift(first);
  return { packed, firstBytes: first ?? Buffer.alloc(0), size: 0, readBytes: () => 0 };
}

async function inspect(path: string): Promise<{ about: Stats; firstBytes: Uint8Array }> {
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw new Error('it is a folder');
    if (!about.isFile()) return { about, firstBytes: Buffer.alloc(0) };
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return { about, firstBytes: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read by this user',
    };
    const reason = reasons[(error as { code?: string }).code ?? ''] ?? messageOf(error);
    throw new TandemError(
      'not-found',
      `found ${JSON.stringify(path)}: ${reason}; allowed is a plain, .gz or .zip file, or "-" for standard input`,
      { cause: error },
    );
  }
}

function fail(path: string, found: string, allowed: string): never {
  throw new TandemError('request-invalid', `found ${JSON.stringify(path)}: ${found}; allowed is ${allowed}`);
}
