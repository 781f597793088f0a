import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  barrierMarks,
  type DeadLetters,
  type EventLog,
  type Logger,
  type Metric,
  messageOf,
  type RunState,
  TandemError,
} from '@tandem/shared';
import { archive, type ChunkLimits } from './archive.js';
import type { OnCheckpoint } from './checkpoint.js';
import { healCorruptFiles } from './heal.js';
import type { BatchEngine } from './ports/batch-engine.js';
import type { Catalog } from './ports/catalog.js';
import type { DatasetFiles } from './ports/dataset-files.js';
import type { Lease } from './ports/lease.js';
import type { Durations, OpenRun, RunFault, RunLedger } from './ports/run-ledger.js';
import type { ViewPublisher } from './ports/view-publisher.js';
import { publish } from './publish.js';
import { recompute } from './recompute.js';

/** What a run works with. */
export type BatchTools = {
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly deadLetters: DeadLetters;
  readonly files: DatasetFiles;
  readonly ledger: RunLedger;
  readonly publisher: ViewPublisher;
  /** What does not fit in memory is spilled into the folder. A statement that runs when `cut` is raised ends with its reason. */
  readonly openEngine: (temporaryFolder: string, cut: AbortSignal) => Promise<BatchEngine>;
  /** Raised, with the reason as error, when this process is told to stop: a run in progress then fails. */
  readonly stopping: AbortSignal;
  readonly metrics: readonly Metric[];
  readonly limits: ChunkLimits & { readonly maxRows: number; readonly maxLogWaitMs: number };
  readonly logger: Logger;
  readonly onCheckpoint: OnCheckpoint;
};

/**
 * Runs one requested run to its end: published, or failed with the reason in its row and the old view untouched.
 * Throws only when not even that could be written down; the next holder of the lease then marks the run failed.
 */
export async function runBatch(tools: BatchTools, lease: Lease, run: OpenRun): Promise<void> {
  const clock = new StateClock();
  try {
    await passThroughStates(tools, lease, run, clock);
    tools.logger.info({ run: run.id, durationsMs: clock.durations() }, 'run published');
  } catch (error) {
    const fault = faultOf(error);
    tools.logger.error({ run: run.id, ...fault }, 'run failed');
    await tools.ledger.fail(lease.token, run.id, fault, clock.durations());
  }
}

async function passThroughStates(tools: BatchTools, lease: Lease, run: OpenRun, clock: StateClock): Promise<void> {
  const { catalog, files, ledger, log, onCheckpoint, publisher, metrics } = tools;
  const { token } = lease;
  const base = await ledger.base();
  await ledger.start(token, run.id, base.id);
  clock.enter('cutting');
  await onCheckpoint('run-started');
  await publisher.prepare(metrics);
  // Random, so that it is told from one of the same number in a log or a database that was restored.
  const barrier = `run-${run.id}.${randomBytes(8).toString('hex')}`;
  const boundary = await log.appendBarriers(barrier);
  await onCheckpoint('barriers-appended');
  await ledger.storeBoundary(token, run.id, { barrier, boundary }, clock.enter('archiving'));
  await onCheckpoint('boundary-stored');

  await files.collectGarbage(new Set((await catalog.files()).map(({ path }) => path)), run.id);
  const workFolder = await files.makeWorkFolder(run.id);
  const cut = AbortSignal.any([lease.lost, tools.stopping]);
  const engine = await tools.openEngine(join(workFolder, 'duckdb'), cut);
  try {
    const work = { ...tools, ...tools.limits, runId: run.id, token, cut, base, engine, workFolder };
    const healed = await healCorruptFiles(work);
    if (healed.length > 0) tools.logger.warn({ run: run.id, healed }, 'corrupt files were archived again');
    await archive(work, boundary);
    // What was read counts only if it was read from the log that this run has cut, and that the runs before have.
    await log.prove(barrierMarks(barrier, boundary));
    await ledger.enter(token, run.id, 'recomputing', clock.enter('recomputing'));
    const { days, result } = await recompute(work, run.mode);
    await ledger.enter(token, run.id, 'publishing', clock.enter('publishing'));
    const durations = () => clock.durations();
    await publish(publisher, ledger, { token, runId: run.id, baseRun: base.id, days, metrics, result, durations });
  } finally {
    engine.close();
    await files.remove(workFolder);
  }
}

function faultOf(error: unknown): RunFault {
  return { code: error instanceof TandemError ? error.code : 'internal', message: messageOf(error) };
}

/** Milliseconds spent in each state, by a clock that never jumps. */
class StateClock {
  readonly #spent: Partial<Record<RunState, number>> = {};
  #state: RunState | undefined;
  #enteredAt = 0;

  /** Goes on to a state and returns what was spent in those before it. */
  enter(state: RunState): Durations {
    const spent = this.durations();
    Object.assign(this.#spent, spent);
    this.#state = state;
    this.#enteredAt = performance.now();
    return spent;
  }

  /** Including the state that is not over yet. */
  durations(): Durations {
    if (this.#state === undefined) return {};
    return { ...this.#spent, [this.#state]: Math.round(performance.now() - this.#enteredAt) };
  }
}
