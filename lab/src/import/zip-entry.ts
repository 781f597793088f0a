import { pipeline, type Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';
import { TandemError } from '@tandem/shared';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import type { OpenFile } from './open-file.js';

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

/** Opens the first file in a zip whose name ends in `.csv`. Throws `not-found` with the names when there is none. */
export async function openZipEntry(path: string): Promise<OpenFile> {
  const zip = await openZip(path, { lazyEntries: true, autoClose: false }).catch((error: Error) => {
    throw new TandemError('corrupt', `found ${JSON.stringify(path)}, a zip that cannot be opened: ${error.message}`);
  });
  const entry = await firstCsv(path, zip).catch((error: unknown) => {
    zip.close();
    throw error;
  });
  const unpacked = await promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry);
  let read = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      read += chunk.length;
      done(null, chunk);
    },
  });
  // The error of either stream ends the reader with it; the zip is closed in any case.
  const bytes = pipeline(unpacked, counter, () => zip.close());
  return { bytes, totalBytes: entry.uncompressedSize, readBytes: () => read };
}

function firstCsv(path: string, zip: ZipFile): Promise<Entry> {
  const names: string[] = [];
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      names.push(entry.fileName);
      if (/\.csv$/i.test(entry.fileName)) resolve(entry);
      else zip.readEntry();
    });
    zip.on('end', () => reject(noCsv(path, names)));
    zip.on('error', reject);
    zip.readEntry();
  });
}

function noCsv(path: string, names: readonly string[]): TandemError {
  const found = names.slice(0, 10).join(', ') || 'nothing';
  return new TandemError(
    'not-found',
    `found ${found} in ${JSON.stringify(path)}; allowed is a zip with a .csv file: save a spreadsheet as CSV first`,
  );
}
