import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
const ROOMS = ['shared', 'batch-layer', 'speed-layer', 'serving-layer', 'lab'];
const SPEC = /\.spec\.(js|js\.map|d\.ts)$/;

/** A copy of the built project to which a test may add files. */
export type ProjectCopy = {
  readonly folder: string;
  /** Adds a metric as the README says, compiled: definitions have no types to take away. */
  addMetric(file: string, text: string): Promise<void>;
  remove(): Promise<void>;
};

export async function copyProject(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-copy-'));
  for (const room of ROOMS) await copyRoom(room, folder);
  await linkPackages(folder);
  return {
    folder,
    addMetric: (file, text) => writeFile(join(folder, 'shared/dist/metrics', file.replace(/\.ts$/, '.js')), text),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function copyRoom(room: string, folder: string): Promise<void> {
  const filter = (path: string) => !SPEC.test(path);
  await cp(join(PROJECT, room, 'dist'), join(folder, room, 'dist'), { recursive: true, filter });
  await cp(join(PROJECT, room, 'package.json'), join(folder, room, 'package.json'));
  const own = join(PROJECT, room, 'node_modules');
  if (existsSync(own)) await symlink(own, join(folder, room, 'node_modules'));
}

/** The installed packages are shared; only our own rooms are the copied ones. */
async function linkPackages(folder: string): Promise<void> {
  const packages = join(folder, 'node_modules');
  await mkdir(join(packages, '@tandem'), { recursive: true });
  for (const name of await readdir(join(PROJECT, 'node_modules'))) {
    if (name !== '@tandem') await symlink(join(PROJECT, 'node_modules', name), join(packages, name));
  }
  for (const room of ROOMS) await symlink(join('../..', room), join(packages, '@tandem', room));
}
