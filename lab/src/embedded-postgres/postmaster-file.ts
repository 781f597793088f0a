import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, TandemError } from '@tandem/shared';
import { endOrphan, isAlive, isRunning } from '../processes/orphan.js';

/** What a running server writes to `postmaster.pid` in its data directory. */
export type Postmaster = { readonly pid: number; readonly port: number; readonly isReady: boolean };

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
  // Our start has put the data directory into the command line.
  const isOurs = (command: string) => command.includes('postgres') && command.includes(` -D ${cluster} `);
  if (!(await isRunning(postmaster.pid, isOurs))) {
    // The number went to another process since. Postgres would take that one for a server and refuse to start.
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  logger.warn({ pid: postmaster.pid }, 'stopping the Postgres that an earlier start left running');
  if (await endOrphan(postmaster.pid, isOurs, STOP_STEPS)) return;
  throw new TandemError(
    'unavailable',
    `the Postgres left running as process ${postmaster.pid} does not stop; end it by hand`,
  );
}
