import { type BatchRun, createLogger, type RunMode, TandemError } from '@tandem/shared';
import type { LabConfig } from '../config.js';
import { layFoundation } from '../foundation.js';
import { RunningParts } from '../running-parts.js';
import { batchOptions } from './batch-options.js';
import { startBatchThread } from './batch-thread.js';
import type { RemoteRuns } from './remote-runs.js';
import type { RunReport } from './run-report.js';

export type LocalRuns = RemoteRuns & { stop(): Promise<boolean> };

/** Starts what a run needs on the data folder, and no more: Postgres and the batch layer, without its schedule. */
export async function startLocalRuns(config: LabConfig): Promise<LocalRuns> {
  const logger = createLogger('lab', config.LOG_LEVEL);
  const parts = new RunningParts(logger);
  try {
    const foundation = await layFoundation(config, parts, logger);
    const batch = await startBatchThread(batchOptions({ ...config, BATCH_SCHEDULE: 'off' }, foundation), logger);
    parts.add('batch layer', () => batch.stop());
    return {
      request: (mode) => request(foundation.runs, mode),
      look: async (id) => toReport(await foundation.runs.get(id), id),
      stop: () => parts.stopAll(),
    };
  } catch (error) {
    await parts.stopAll();
    throw error;
  }
}

type Runs = Awaited<ReturnType<typeof layFoundation>>['runs'];

async function request(runs: Runs, mode: RunMode): Promise<number> {
  const answer = await runs.request(mode, 'manual');
  if (answer.accepted) return answer.id;
  throw new TandemError('conflict', `No run was started: run ${answer.activeId} is active; try again when it is over`);
}

function toReport(run: BatchRun | undefined, id: number): RunReport {
  if (!run) throw new TandemError('not-found', `found no run ${id}; allowed are those of GET /batch/runs`);
  return {
    id: run.id,
    mode: run.mode,
    state: run.state,
    rows_read: run.rowsRead,
    duplicates: run.duplicates,
    conflicts: run.conflicts,
    days_recomputed: run.daysRecomputed,
    durations_ms: run.durationsMs as Readonly<Record<string, number>>,
    waiting: run.waiting && { for: run.waiting.for, since: run.waiting.since.toISOString() },
    error: run.error,
  };
}
