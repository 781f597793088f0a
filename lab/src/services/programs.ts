import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TandemError } from '@tandem/shared';

/** What a service is started with, and how a user gets it. */
type Program = {
  readonly command: string;
  readonly version: readonly string[];
  /** Found in what it says of its version; the first group is a number. */
  readonly pattern: RegExp;
  readonly atLeast: number;
  readonly install: string;
};

export const JAVA: Program = {
  command: 'java',
  version: ['-version'],
  pattern: /version "(\d+)/,
  atLeast: 17,
  install: 'Debian and Ubuntu: apt-get install default-jre-headless; macOS: brew install openjdk',
};
export const MAVEN: Program = {
  command: 'mvn',
  version: ['-version'],
  pattern: /Apache Maven (\d+)/,
  atLeast: 3,
  install: 'Debian and Ubuntu: apt-get install maven; macOS: brew install maven',
};
export const REDIS: Program = {
  command: 'redis-server',
  version: ['--version'],
  pattern: /v=(\d+)/,
  atLeast: 6,
  install: 'Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis',
};

/** Throws one `configuration-invalid` that names every program that is missing or too old, and how to install it. */
export async function requirePrograms(programs: readonly Program[]): Promise<void> {
  const faults = (await Promise.all(programs.map(faultOf))).filter((fault) => fault !== null);
  if (faults.length > 0) throw new TandemError('configuration-invalid', faults.join('\n'));
}

async function faultOf({ command, version, pattern, atLeast, install }: Program): Promise<string | null> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, [...version]);
    const found = Number(pattern.exec(stdout + stderr)?.[1]);
    if (found >= atLeast) return null;
    return `${command}: found version ${found}; needed is ${atLeast} or newer. ${install}`;
  } catch {
    return `${command}: found no such program; needed is version ${atLeast} or newer. ${install}`;
  }
}
