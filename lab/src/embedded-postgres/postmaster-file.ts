import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Logger, TandemError } from '@tandem/shared';

/** What a running server writes to `postmaster.pid` in its data directory. */
export type Postmaster = { readonly pid: number; readonly port: number; readonly isReady: boolean };

const POLL_MS = 20;
/** How long an orphan may take for each way of stopping it, from gentle to hard. */
const STOP_STEPS = [
  { signal: 'SIGINT', withinMs: 10_000 },
  { signal: 'SIGQUIT', withinMs: 5_000 },
  { signal: 'SIGKILL', withinMs: 5_000 },
] as const;

export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parsePostmaster(text);
}

/** Lines: pid, data directory, start time, port, socket folder, address, shared memory key, status. */
export function parsePostmaster(text: string): Postmaster | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3] ?? 0), isReady: lines[7] === 'ready' };
}

/**
 * Stops the server that a killed Tandem left running on this cluster, if there is one. It is stopped rather than taken
 * over: then no statement of the dead process is still at work. Signals no process that is not the server of this cluster.
 */
export async function stopOrphan(cluster: string, logger: Logger): Promise<void> {
  const postmaster = await readPostmaster(cluster);
  if (!postmaster || !isAlive(postmaster.pid)) return;
  if (!(await isServerOf(cluster, postmaster.pid))) {
    // The number went to another process since. Postgres would take that one for a server and refuse to start.
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  logger.warn({ pid: postmaster.pid }, 'stopping the Postgres that an earlier start left running');
  for (const { signal, withinMs } of STOP_STEPS) {
    if (await endsAfter(cluster, postmaster.pid, signal, withinMs)) return;
  }
  throw new TandemError(
    'unavailable',
    `the Postgres left running as process ${postmaster.pid} does not stop; end it by hand`,
  );
}

async function endsAfter(cluster: string, pid: number, signal: NodeJS.Signals, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  sendSignal(pid, signal);
  while (await isServerOf(cluster, pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function isAlive(pid: number): boolean {
  return sendSignal(pid, 0);
}

/** False when there is no such process. One that we may not signal does exist. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Looks at the command line, where our start has put the data directory. */
async function isServerOf(cluster: string, pid: number): Promise<boolean> {
  const command = await commandOf(pid).catch(() => '');
  return command.includes('postgres') && command.includes(` -D ${cluster} `);
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
  return stdout;
}
