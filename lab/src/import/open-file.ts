import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, TandemError } from '@tandem/shared';
import { openZipEntry } from './zip-entry.js';

/** A file's text as bytes, unpacked if it was packed. */
export type OpenFile = {
  readonly bytes: Readable;
  /** How much there is to read, and how much was read so far: of the packed bytes where those are what is counted. */
  readonly totalBytes: number;
  readBytes(): number;
};

const GZIP_MAGIC = [0x1f, 0x8b];
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/**
 * Opens a plain, gzip or zip file; which one is seen from its first bytes, not from its name. Of a zip the first `.csv`.
 * Throws `not-found` when there is no such file or no CSV in the zip, `corrupt` when it cannot be unpacked.
 */
export async function openFile(path: string): Promise<OpenFile> {
  const { size, firstBytes } = await inspect(path);
  if (startsWith(firstBytes, ZIP_MAGIC)) return openZipEntry(path);
  const packed = createReadStream(path);
  const readBytes = () => packed.bytesRead;
  if (!startsWith(firstBytes, GZIP_MAGIC)) return { bytes: packed, totalBytes: size, readBytes };
  // The error of either stream ends the reader with it; nothing more is to be done about it here.
  const bytes = pipeline(packed, createGunzip(), () => {});
  return { bytes, totalBytes: size, readBytes };
}

async function inspect(path: string): Promise<{ size: number; firstBytes: Uint8Array }> {
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw new Error('it is a folder');
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      return { size: about.size, firstBytes: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = (error as { code?: string }).code === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new TandemError(
      'not-found',
      `found ${JSON.stringify(path)}: ${reason}; allowed is a plain, .gz or .zip file`,
      {
        cause: error,
      },
    );
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
