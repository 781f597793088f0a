import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { messageOf, TandemError } from '@tandem/shared';
import type { Totals } from './totals.js';

/** What a process that reads a topic once says about it, as one line of JSON at the end of its output. */
export type Reading = {
  readonly records: number;
  /** From the first record to the last. */
  readonly seconds: number;
  /** Of all cores together, from the start of the process to its end. */
  readonly cpuSeconds: number;
  /** Absent where nothing was folded. */
  readonly totals?: Totals;
};

const run = promisify(execFile);
const DEADLINE_MS = 600_000;
const KERNEL_TICKS_PER_SECOND = 100;

/** Runs a program to its end and takes its last line for its reading. Throws `internal` with its complaints if it fails. */
export async function readBy(program: string, args: readonly string[]): Promise<Reading> {
  try {
    const { stdout } = await run(program, args, { timeout: DEADLINE_MS });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Reading;
  } catch (error) {
    throw new TandemError('internal', `${program} ${args.join(' ')}: ${messageOf(error)}`);
  }
}

/**
 * Processor seconds that a running process has used, of all cores together; a hundredth of a second exact.
 * Linux only: nothing else tells it of a process that is not our own.
 */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / KERNEL_TICKS_PER_SECOND;
}
