import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TandemError } from '@tandem/shared';
import type { ServerUser } from './server-user.js';

/** Where root keeps what the server's account must reach when the project lies in a folder that it cannot enter. */
const SHARED_FOLDERS = ['/var/lib/tandem', join(tmpdir(), 'tandem')];

/** True when the account may enter the folder and every folder above it. The folder must exist. */
export async function isReachable(folder: string, user: ServerUser | undefined): Promise<boolean> {
  if (!user) return true;
  for (let current = await realpath(folder); ; current = dirname(current)) {
    if (!mayEnter(await stat(current), user)) return false;
    if (current === dirname(current)) return true;
  }
}

/** Reads the permission bits that apply to this account: its own, its group's, or everybody's. */
export function mayEnter(folder: Pick<Stats, 'mode' | 'uid' | 'gid'>, user: ServerUser): boolean {
  if (folder.uid === user.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === user.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}

/** A folder of ours that the account can enter and nobody else can write to. Throws `unavailable` when there is none. */
export async function reachableFolder(
  user: ServerUser | undefined,
  candidates: readonly string[] = SHARED_FOLDERS,
): Promise<string> {
  for (const folder of candidates) {
    if ((await isMadeByUs(folder)) && (await isReachable(folder, user))) return folder;
  }
  throw new TandemError(
    'unavailable',
    `found no folder that the server's account (uid ${user?.uid ?? 'ours'}) can enter; allowed are ${candidates.join(' and ')}, owned by us: make one of them usable, or start as an ordinary user`,
  );
}

/** Makes the folder. False where it cannot be made, or where somebody else made it: what lies there is not to be trusted. */
async function isMadeByUs(folder: string): Promise<boolean> {
  try {
    // The mode given to mkdir is cut by the umask; it is set again, on a folder that this call has made.
    if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o755);
    const found = await lstat(folder);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
