import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TandemError } from '@tandem/shared';
import type { Binaries } from './binaries.js';
import { isReachable, reachableFolder } from './reachable-folder.js';
import { runProgram } from './run-program.js';
import type { ServerUser } from './server-user.js';

/** Everything that belongs to one cluster lies in its home, so that it is moved and deleted together. */
export type ClusterHome = {
  readonly home: string;
  /** Postgres' data directory. */
  readonly cluster: string;
  /** Holds the superuser's password; readable by the server's account and root only. */
  readonly passwordFile: string;
  readonly logFile: string;
};

/** Stands in DATA_DIR when the home lies elsewhere, and says where: deleting DATA_DIR therefore starts anew. */
const POINTER = 'postgres-is-at';
const UNFINISHED = 'unfinished-cluster-';

/**
 * The home of this data folder's cluster: a folder `postgres` in it, or, where the server's account cannot enter
 * the data folder, one that it can, named by a pointer file. Makes it when there is none. Changes no folder that it has not made.
 */
export async function findClusterHome(dataFolder: string, user: ServerUser | undefined): Promise<ClusterHome> {
  const pointer = join(dataFolder, POINTER);
  const pointed = await readIfThere(pointer);
  const inside = resolve(dataFolder, 'postgres');
  if (pointed !== undefined) return layoutOf(await existing(pointed.trim(), pointer));
  if (await isReachable(dataFolder, user)) return layoutOf(await makeHome(inside, user));
  const outside = join(await reachableFolder(user), `cluster-${randomBytes(6).toString('hex')}`);
  await makeHome(outside, user);
  await writeDurably(pointer, `${outside}\n`);
  return layoutOf(outside);
}

/** Deletes a data folder together with the cluster that belongs to it. Nothing may be running on it. */
export async function deleteDataFolder(dataFolder: string): Promise<void> {
  const pointed = await readIfThere(join(dataFolder, POINTER));
  if (pointed !== undefined) await rm(pointed.trim(), { recursive: true, force: true });
  await rm(dataFolder, { recursive: true, force: true });
}

function layoutOf(home: string): ClusterHome {
  return {
    home,
    cluster: join(home, 'cluster'),
    passwordFile: join(home, 'password'),
    logFile: join(home, 'postgres.log'),
  };
}

async function existing(home: string, pointer: string): Promise<string> {
  return realpath(home).catch((cause) => {
    throw new TandemError(
      'unavailable',
      `${pointer} names ${home}, which cannot be read; put that folder back, or delete ${pointer} to start with an empty database`,
      { cause },
    );
  });
}

async function makeHome(home: string, user: ServerUser | undefined): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (user) await chown(home, user.uid, user.gid);
  return realpath(home);
}

/**
 * Makes the cluster unless it is there. It is made beside its place and then renamed, so that a start that was killed
 * in the middle leaves nothing that looks like a cluster. Its name is new each time: initdb may outlive a killed start.
 */
export async function makeCluster(
  { home, cluster, passwordFile }: ClusterHome,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  if ((await readIfThere(join(cluster, 'PG_VERSION'))) !== undefined) return;
  await removeUnfinished(home);
  const unfinished = join(home, UNFINISHED + randomBytes(6).toString('hex'));
  await makePassword(passwordFile, user);
  await runProgram(
    binaries.initdb,
    [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ],
    user,
  );
  await rename(unfinished, cluster);
  await syncFolder(home);
}

async function removeUnfinished(home: string): Promise<void> {
  const left = (await readdir(home)).filter((name) => name.startsWith(UNFINISHED));
  // Tried again while an initdb that outlived its start still adds files.
  for (const name of left) await rm(join(home, name), { recursive: true, force: true, maxRetries: 10 });
}

async function makePassword(file: string, user: ServerUser | undefined): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  await chmod(file, 0o600);
  if (user) await chown(file, user.uid, user.gid);
}

async function writeDurably(path: string, text: string): Promise<void> {
  await writeFile(`${path}.unfinished`, text, { flush: true });
  await rename(`${path}.unfinished`, path);
}

/** A rename lasts only once its folder is on the disk. Windows cannot open folders, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
