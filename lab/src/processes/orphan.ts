import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { StopStep } from './ending.js';

const POLL_MS = 20;

/** Says by its command line, the words separated by blanks, whether a process is the one that is meant. */
export type IsOurs = (command: string) => boolean;

/** True when the process exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  return sendSignal(pid, 0);
}

/** True when there is no such process, or only the note of its ending that its parent has not read yet: a zombie. */
export function hasEnded(pid: number): boolean {
  return !isAlive(pid) || isZombie(pid);
}

function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // pid (name) state …: the name may hold anything, brackets and blanks too.
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return true;
  }
}

/** True when the process exists and is the one that is meant: numbers of ended processes are given out again. */
export async function isRunning(pid: number, isOurs: IsOurs): Promise<boolean> {
  return isOurs(await commandOf(pid).catch(() => ''));
}

/** Ends a process that is not our child, step by step. Signals no process that is not ours. False when it goes on. */
export async function endOrphan(pid: number, isOurs: IsOurs, steps: readonly StopStep[]): Promise<boolean> {
  for (const step of steps) {
    if (!(await isRunning(pid, isOurs)) || (await endsAfter(pid, isOurs, step))) return true;
  }
  return false;
}

async function endsAfter(pid: number, isOurs: IsOurs, { signal, withinMs }: StopStep): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  sendSignal(pid, signal);
  // One that is frozen gets no other signal before this one.
  sendSignal(pid, 'SIGCONT');
  while (!(await isGone(pid, isOurs))) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** A process that is ending has no command line any more and still holds its files and ports, until it is a zombie. */
async function isGone(pid: number, isOurs: IsOurs): Promise<boolean> {
  const command = await commandOf(pid).catch(() => undefined);
  if (command === undefined) return true;
  return command === '' ? hasEnded(pid) : !isOurs(command);
}

/** False when there is no such process. One that we may not signal does exist. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
  return stdout;
}
