import { fstat, stat } from 'node:fs';
import { promisify } from 'node:util';
import { refuse } from '../producer/command-line.js';

const STDIN = 0;
const statPath = promisify(stat);
const statOpen = promisify(fstat);

/**
 * Refuses an output that is also read, by the same or another path: a link, or another spelling where capitals do not
 * matter. To be asked before anything is opened for writing.
 */
export async function refuseInputAsOutput(
  option: string,
  path: string,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const output = await identityOf(path);
  if (output === undefined) return;
  for (const input of inputs) {
    if (input === undefined || (await identityOf(input)) !== output) continue;
    refuse(`${option}: found ${JSON.stringify(path)}, which is the input ${JSON.stringify(input)}`, 'another file');
  }
}

/** The same for each path to one file; undefined for what is no file: nothing is lost by writing there. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const about = await (path === '-' ? statOpen(STDIN, { bigint: true }) : statPath(path, { bigint: true }));
    return about.isFile() ? `${about.dev}:${about.ino}` : undefined;
  } catch {
    return undefined;
  }
}
