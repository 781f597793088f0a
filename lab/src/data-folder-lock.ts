import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { messageOf, TandemError } from '@tandem/shared';

export type DataFolderLock = { release(): void };

/**
 * Makes the data folder when there is none, and takes its lock: one Tandem per folder.
 *
 * The lock is an empty DuckDB database, because DuckDB locks its file through the operating system. Such a lock ends with
 * the process, however that ends: there is no stale lock to wait for, and no process number that another may have taken since.
 * `setting` is what the folder was named by, for the errors.
 * Throws `conflict`, naming the process that holds it; `configuration-invalid` when the folder cannot be used.
 */
export async function lockDataFolder(dataFolder: string, setting = 'DATA_DIR'): Promise<DataFolderLock> {
  const file = join(dataFolder, 'lock.duckdb');
  try {
    await mkdir(dataFolder, { recursive: true });
    return await openLock(file).catch(async (error) => {
      if (isHeld(error)) throw error;
      // A start that was killed while it made the file has left a part of one.
      await rm(file, { force: true });
      return openLock(file);
    });
  } catch (error) {
    throw isHeld(error) ? heldBy(error, dataFolder, setting) : unusable(error, dataFolder, setting);
  }
}

async function openLock(file: string): Promise<DataFolderLock> {
  const instance = await DuckDBInstance.create(file, { threads: '1' });
  return { release: () => instance.closeSync() };
}

function isHeld(error: unknown): boolean {
  return /could not set lock|being used by another process/i.test(messageOf(error));
}

function heldBy(error: unknown, dataFolder: string, setting: string): TandemError {
  const pid = /PID (\d+)/.exec(messageOf(error))?.[1] ?? 'unknown';
  return new TandemError(
    'conflict',
    `${setting}: found ${resolve(dataFolder)} in use by process ${pid}; allowed is one Tandem per folder: stop that one, or set ${setting} to another folder`,
  );
}

function unusable(cause: unknown, dataFolder: string, setting: string): TandemError {
  return new TandemError(
    'configuration-invalid',
    `${setting}: found ${resolve(dataFolder)}, which cannot be used (${messageOf(cause)}); allowed is a folder that we may write to`,
    { cause },
  );
}
