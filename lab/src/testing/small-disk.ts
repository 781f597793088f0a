import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A folder in which one can run out of room. */
export type SmallDisk = {
  /** How writing is made to fail, for the names of tests. */
  readonly way: string;
  /** From now on nothing more can be written. */
  fill(): Promise<void>;
  /** There is room again. */
  free(): Promise<void>;
  remove(): Promise<void>;
};

const run = promisify(execFile);
const FILLER = 'filler';
const MB = 1024 * 1024;

/** Whether this account may mount: root outside of a container that forbids it. */
export async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || userInfo().uid !== 0) return false;
  const probe = join('/tmp', `tandem-mount-probe-${process.pid}`);
  await mkdir(probe);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]);
    await run('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { recursive: true });
  }
}

/** Puts a small file system of its own at the folder: it is really full when it is filled. */
export async function mountSmallDisk(folder: string, sizeMb: number): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=755`, 'tmpfs', folder]);
  const filler = join(folder, FILLER);
  return {
    way: 'a full disk',
    fill: () => writeFile(filler, Buffer.alloc(sizeMb * MB)).catch(ignoreNoSpace),
    free: () => rm(filler),
    // Lazily: a process that is just ending may still have a file open.
    remove: async () => {
      await run('umount', ['-l', folder]);
    },
  };
}

/** For an ordinary user, who cannot mount: a folder that nobody may write to. */
export async function forbidWriting(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  return {
    way: 'a folder that must not be written to',
    fill: () => chmod(folder, 0o555),
    free: () => chmod(folder, 0o755),
    remove: () => chmod(folder, 0o755),
  };
}

function ignoreNoSpace(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC') throw error;
}
