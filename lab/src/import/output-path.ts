import { type BigIntStats, fstat, stat } from 'node:fs';
import { promisify } from 'node:util';
import { refuse } from '../producer/command-line.js';

const STDIN = 0;
/** The streams that are written to beside, by what people call them. */
const OTHER_OUTPUTS = [
  [1, 'standard output'],
  [2, 'standard error'],
] as const;
const statPath = promisify(stat);
const statOpen = promisify(fstat);

/**
 * Refuses an output that is also read, or written to by another way, by the same or another path: a link, or another
 * spelling where capitals do not matter. To be asked before anything is opened for writing.
 */
export async function refuseSharedOutput(
  option: string,
  path: string,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  if (path === '-') refuse(`${option}: found "-"`, 'a file: the summary goes to standard output');
  const output = await identityOf(() => statPath(path, { bigint: true }));
  if (output === undefined) return;
  const found = `${option}: found ${JSON.stringify(path)}`;
  for (const input of inputs) {
    if (input === undefined || (await identityOfInput(input)) !== output) continue;
    refuse(`${found}, which is the input ${JSON.stringify(input)}`, 'another file');
  }
  for (const [number, name] of OTHER_OUTPUTS) {
    if ((await identityOf(() => statOpen(number, { bigint: true }))) !== output) continue;
    refuse(`${found}, where ${name} goes too: one would write over the other`, 'another file');
  }
}

function identityOfInput(path: string): Promise<string | undefined> {
  return identityOf(() => (path === '-' ? statOpen(STDIN, { bigint: true }) : statPath(path, { bigint: true })));
}

/** The same for each path to one file; undefined for what is no file: nothing is lost by writing there. */
async function identityOf(look: () => Promise<BigIntStats>): Promise<string | undefined> {
  try {
    const about = await look();
    return about.isFile() ? `${about.dev}:${about.ino}` : undefined;
  } catch {
    return undefined;
  }
}
