import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TandemError } from '@tandem/shared';
import { javaHome, pathFolders } from './config.js';

/** A program that a service needs and that npm cannot bring along. */
type NeededProgram = {
  readonly file: string;
  /** Where it may lie beside the folders of PATH; looked at after them. */
  readonly folders: readonly string[];
  readonly versionFlag: string;
  /** First group: the major version. Second, if any: the minor one. */
  readonly version: RegExp;
  readonly atLeast: readonly [major: number, minor: number];
  readonly neededFor: string;
  readonly debian: string;
  readonly homebrew: string;
};

const NEEDED = {
  java: {
    file: 'java',
    folders: ['/usr/bin', '/opt/homebrew/opt/openjdk/bin', '/usr/local/opt/openjdk/bin'],
    versionFlag: '-version',
    version: /version "(\d+)/,
    atLeast: [17, 0],
    neededFor: 'Kafka',
    debian: 'default-jre-headless',
    homebrew: 'openjdk',
  },
  mvn: {
    file: 'mvn',
    folders: ['/usr/bin', '/usr/share/maven/bin', '/opt/homebrew/bin', '/usr/local/bin'],
    versionFlag: '--version',
    version: /Apache Maven (\d+)\.(\d+)/,
    atLeast: [3, 6],
    neededFor: 'Kafka, the first time only',
    debian: 'maven',
    homebrew: 'maven',
  },
  'redis-server': {
    file: 'redis-server',
    folders: ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/opt/homebrew/bin'],
    versionFlag: '--version',
    version: /v=(\d+)\.(\d+)/,
    atLeast: [6, 2],
    neededFor: 'Redis',
    debian: 'redis-server',
    homebrew: 'redis',
  },
} as const satisfies Readonly<Record<string, NeededProgram>>;

export type ProgramName = keyof typeof NEEDED;
/** Path by name. */
export type Programs<Name extends ProgramName = ProgramName> = Readonly<Record<Name, string>>;

const LONGEST_ANSWER_MS = 30_000;

/**
 * Finds all of them in the folders given, or where the shell and the usual installers have them.
 * Throws one `unavailable` that names every one that is missing or too old, and how to install it.
 */
export async function findPrograms<Name extends ProgramName>(
  names: readonly Name[],
  folders?: readonly string[],
): Promise<Programs<Name>> {
  const found = await Promise.all(
    names.map(async (name) => ({ name, ...(await find(NEEDED[name], folders ?? foldersOf(NEEDED[name]))) })),
  );
  const missing = found.filter(({ path }) => path === undefined);
  if (missing.length > 0) throw notInstalled(missing);
  return Object.fromEntries(found.map(({ name, path }) => [name, path])) as Programs<Name>;
}

type Found = { readonly path?: string; readonly tooOld: readonly string[] };

async function find(needed: NeededProgram, folders: readonly string[]): Promise<Found> {
  const tooOld: string[] = [];
  for (const folder of new Set(folders)) {
    const path = join(folder, needed.file);
    const version = await versionOf(path, needed);
    if (version === undefined) continue;
    if (isNewEnough(version, needed.atLeast)) return { path, tooOld };
    tooOld.push(`${version.join('.')} at ${path}`);
  }
  return { tooOld };
}

/** The Java that the user has chosen comes before the one that happens to be on the path. */
function foldersOf({ file, folders }: NeededProgram): readonly string[] {
  const home = file === 'java' ? javaHome() : undefined;
  return [...(home === undefined ? [] : [join(home, 'bin')]), ...pathFolders(), ...folders];
}

/** Undefined where there is no such program, or where it does not run: macOS has a `java` that only asks for one. */
async function versionOf(
  path: string,
  { versionFlag, version }: NeededProgram,
): Promise<readonly number[] | undefined> {
  const { stdout, stderr } = await promisify(execFile)(path, [versionFlag], { timeout: LONGEST_ANSWER_MS }).catch(
    () => ({ stdout: '', stderr: '' }),
  );
  return version
    .exec(stdout + stderr)
    ?.slice(1)
    .map(Number);
}

function isNewEnough([major = 0, minor = 0]: readonly number[], [neededMajor, neededMinor]: readonly [number, number]) {
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

function notInstalled(missing: readonly (Found & { readonly name: ProgramName })[]): TandemError {
  const found = missing.map(({ name, tooOld }) => {
    const { neededFor, atLeast } = NEEDED[name];
    const what = tooOld.length > 0 ? `only ${name} ${tooOld.join(' and ')}` : `no ${name}`;
    return `${what} (needed for ${neededFor}: version ${atLeast[1] === 0 ? atLeast[0] : atLeast.join('.')} or newer)`;
  });
  const packages = (system: 'debian' | 'homebrew') => missing.map(({ name }) => NEEDED[name][system]).join(' ');
  return new TandemError(
    'unavailable',
    `found ${found.join(', ')}. Install with "sudo apt-get install ${packages('debian')}" (Debian, Ubuntu) or "brew install ${packages('homebrew')}" (macOS)`,
    { facts: { missing: missing.map(({ name }) => name) } },
  );
}
