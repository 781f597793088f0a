import { pipeline, type Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { messageOf, TandemError } from '@tandem/shared';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import type { OpenFile } from './opened.js';
import { chooseEntries, type NamedEntry } from './zip-choice.js';

const openZipFile = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

const STORED = 0;
const DEFLATED = 8;
const METHOD_NAMES: Readonly<Record<number, string>> = {
  1: 'shrink',
  6: 'implode',
  9: 'deflate64',
  12: 'bzip2',
  14: 'lzma',
  93: 'zstd',
  95: 'xz',
  98: 'ppmd',
};

/**
 * Opens the entries of a zip that end in `.csv`, in the order of their names, or the one that is named. Throws
 * `not-found` with the names when there is none, `corrupt` for what is damaged, encrypted or packed in another way.
 */
export async function openZip(path: string, wanted: string | undefined): Promise<OpenFile> {
  // Names are decoded here, as the library refuses a whole zip for a name that would be unsafe to unpack to disk.
  const zip = await openZipFile(path, { lazyEntries: true, autoClose: false, decodeStrings: false }).catch((error) => {
    throw damaged(path, messageOf(error));
  });
  try {
    const { chosen, notes } = chooseEntries(path, await entriesOf(path, zip), wanted);
    for (const named of chosen) refuseUnreadable(path, named);
    let read = 0;
    const count = (bytes: number) => {
      read += bytes;
    };
    return {
      parts: chosen.map((named) => ({ name: named.name, open: () => openEntry(path, zip, named, count) })),
      totalBytes: chosen.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0),
      readBytes: () => read,
      notes,
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function entriesOf(path: string, zip: ZipFile): Promise<readonly NamedEntry[]> {
  const entries: NamedEntry[] = [];
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      const raw = entry.fileName as unknown as Buffer;
      entries.push({
        name: yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, false),
        entry,
      });
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', (error: Error) =>
      reject(/strong encryption/.test(error.message) ? encrypted(path, 'its files') : damaged(path, error.message)),
    );
    zip.readEntry();
  });
}

function refuseUnreadable(path: string, { name, entry }: NamedEntry): void {
  const method = entry.compressionMethod;
  if (entry.isEncrypted() || method === 99) throw encrypted(path, name);
  if (method === STORED || method === DEFLATED) return;
  const called = METHOD_NAMES[method] ?? 'unknown';
  throw new TandemError(
    'corrupt',
    `found ${name} in ${JSON.stringify(path)}, packed by method ${method} (${called}); ` +
      'allowed is stored or deflate: unpack it first, or pack it again',
  );
}

async function openEntry(
  path: string,
  zip: ZipFile,
  { name, entry }: NamedEntry,
  count: (bytes: number) => void,
): Promise<Readable> {
  const unpacked = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry).catch((error: unknown) => {
    throw damaged(path, `${name}: ${messageOf(error)}`);
  });
  let sum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count(chunk.length);
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
    flush(done) {
      done(sum === entry.crc32 ? null : damaged(path, `${name}: its checksum is not the one that the zip gives`));
    },
  });
  // The error of either stream ends the reader with it.
  return pipeline(unpacked, check, () => {});
}

function damaged(path: string, reason: string): TandemError {
  return new TandemError(
    'corrupt',
    `found ${JSON.stringify(path)}, a zip that cannot be opened or is damaged: ${reason}; allowed is a whole zip: get it again`,
  );
}

function encrypted(path: string, name: string): TandemError {
  return new TandemError(
    'corrupt',
    `found ${name} in ${JSON.stringify(path)} encrypted; allowed is a zip without a password: unpack it first`,
  );
}
