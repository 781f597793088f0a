import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { OnCheckpoint } from '../../checkpoint.js';
import type { DatasetFiles, FileFacts, RowsWriter } from '../../ports/dataset-files.js';
import { openJsonlRows } from './jsonl-rows-writer.js';
import { onDisk } from './storage-fault.js';

/** Events lie below `events`; everything a run writes before it counts lies below `work`. */
const EVENTS_FOLDER = 'events';
const WORK_FOLDER = 'work';
const READ_BYTES = 1 << 20;

/** The master dataset in a folder of this machine. */
export class LocalDatasetFiles implements DatasetFiles {
  readonly #folder: string;
  readonly #onCheckpoint: OnCheckpoint;

  constructor(folder: string, onCheckpoint: OnCheckpoint) {
    this.#folder = resolve(folder);
    this.#onCheckpoint = onCheckpoint;
  }

  absolute(path: string): string {
    return join(this.#folder, path);
  }

  async makeWorkFolder(runId: number): Promise<string> {
    const folder = join(this.#folder, WORK_FOLDER, `run-${runId}-${randomBytes(4).toString('hex')}`);
    await onDisk(() => mkdir(folder, { recursive: true }));
    return folder;
  }

  async openRows(file: string): Promise<RowsWriter> {
    return await openJsonlRows(file);
  }

  async admit(finished: string, day: string, name: string): Promise<FileFacts> {
    const path = join(EVENTS_FOLDER, `day=${day}`, `${name}-${randomBytes(4).toString('hex')}.parquet`);
    const target = this.absolute(path);
    await syncToDisk(finished, 'r+');
    await this.#onCheckpoint('file-synced');
    const [sha256, { size }] = await Promise.all([sha256Of(finished), stat(finished)]);
    await this.#makeDayFolder(dirname(target));
    await onDisk(() => rename(finished, target));
    await this.#onCheckpoint('file-renamed');
    await syncToDisk(dirname(target), 'r');
    return { path: withSlashes(path), byteCount: size, sha256 };
  }

  async findFault({ path, sha256 }: FileFacts): Promise<string | undefined> {
    try {
      const found = await sha256Of(this.absolute(path));
      return found === sha256 ? undefined : `found bytes with sha256 ${found}; the catalog says ${sha256}`;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return 'found no such file; the catalog says there is one';
      throw error;
    }
  }

  async remove(absolutePath: string): Promise<void> {
    await rm(absolutePath, { recursive: true, force: true });
  }

  async collectGarbage(catalogued: ReadonlySet<string>, runId: number): Promise<readonly string[]> {
    await this.#removeWorkBefore(runId);
    const events = join(this.#folder, EVENTS_FOLDER);
    await onDisk(() => mkdir(events, { recursive: true }));
    const entries = await readdir(events, { recursive: true, withFileTypes: true });
    const garbage = entries
      .filter((entry) => entry.isFile())
      .map((entry) => withSlashes(relative(this.#folder, join(entry.parentPath, entry.name))))
      .filter((path) => !catalogued.has(path) && isBefore(runId, basename(path)));
    for (const path of garbage) await this.remove(this.absolute(path));
    return garbage;
  }

  async #removeWorkBefore(runId: number): Promise<void> {
    const work = join(this.#folder, WORK_FOLDER);
    await onDisk(() => mkdir(work, { recursive: true }));
    const left = (await readdir(work)).filter((name) => isBefore(runId, name));
    for (const name of left) await this.remove(join(work, name));
  }

  /** A new folder's name must be on disk too, or its files are lost with it. */
  async #makeDayFolder(folder: string): Promise<void> {
    const made = await onDisk(() => mkdir(folder, { recursive: true }));
    if (made === undefined) return;
    await syncToDisk(dirname(folder), 'r');
    await syncToDisk(dirname(made), 'r');
  }
}

/** Whether a file or folder was left by a run before this one, or by nobody that we know. */
function isBefore(runId: number, name: string): boolean {
  const [, leftBy = '0'] = /^run-(\d+)-/.exec(name) ?? [];
  return Number(leftBy) < runId;
}

/** Streams: a file may be larger than memory. */
async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await onDisk(() => pipeline(createReadStream(file, { highWaterMark: READ_BYTES }), hash));
  return hash.digest('hex');
}

async function syncToDisk(path: string, flags: 'r' | 'r+'): Promise<void> {
  await onDisk(async () => {
    const handle = await open(path, flags);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** Paths in the catalog look alike on every system. */
function withSlashes(path: string): string {
  return path.split(sep).join('/');
}
