import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchLayer, startBatchLayer } from '@tandem/batch-layer';
import { type BatchRun, createLogger, loadMetrics, type RunMode, TandemError } from '@tandem/shared';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import { type OpenDatabase, PARTITIONS } from './workplace.js';

/** What both sides of a recompute get. */
export const ENGINE = { threads: availableParallelism(), memoryLimit: '2GB' };

const POLL_MS = 20;

/** Starts the batch layer on a database and a master dataset; it runs only when asked. */
export async function startBatch({ url }: OpenDatabase, masterDatasetFolder: string): Promise<BatchLayer> {
  return await startBatchLayer({
    databaseUrl: url,
    masterDatasetFolder,
    partitions: PARTITIONS,
    metrics: await loadMetrics(),
    schedule: 'off',
    logLevel: 'warn',
    ...ENGINE,
  });
}

/** Asks for a run and waits until it is published. Throws when it fails or another one is active. */
export async function runBatch({ database }: OpenDatabase, mode: RunMode): Promise<BatchRun> {
  const runs = new PostgresRunStore(database, createLogger('bench', 'warn'));
  const request = await runs.request(mode, 'manual');
  if (!request.accepted) throw new TandemError('conflict', `found run ${request.activeId} active; wait for its end`);
  for (;;) {
    const run = await runs.get(request.id);
    if (run?.state === 'published') return run;
    if (run?.state === 'failed') throw new TandemError('internal', `run ${run.id} failed: ${run.error?.message}`);
    await sleep(POLL_MS);
  }
}

/** Seconds that a run spent recomputing: from the verification of its files to the rows that are ready to publish. */
export function recomputingSeconds({ durationsMs }: BatchRun): number {
  return (durationsMs.recomputing ?? 0) / 1000;
}

/** Seconds that a run spent in all of its states. */
export function runSeconds({ durationsMs }: BatchRun): number {
  return Object.values(durationsMs).reduce((sum, ms) => sum + ms, 0) / 1000;
}

/** "cutting 0.02 s, archiving 0.31 s, …". */
export function describeDurations({ durationsMs }: BatchRun): string {
  return Object.entries(durationsMs)
    .map(([state, ms]) => `${state} ${(ms / 1000).toFixed(2)} s`)
    .join(', ');
}
