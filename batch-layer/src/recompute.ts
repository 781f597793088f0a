import { type Metric, type RunMode, TandemError } from '@tandem/shared';
import type { OnCheckpoint } from './checkpoint.js';
import { type DayPlan, planDays } from './plan.js';
import type { BatchEngine, RecomputeResult } from './ports/batch-engine.js';
import type { Catalog, CatalogFile } from './ports/catalog.js';
import type { DatasetFiles } from './ports/dataset-files.js';
import type { BaseRun } from './ports/run-ledger.js';
import type { ViewPublisher } from './ports/view-publisher.js';

export type Recomputing = {
  readonly runId: number;
  readonly base: BaseRun;
  readonly metrics: readonly Metric[];
  readonly catalog: Catalog;
  readonly files: DatasetFiles;
  readonly engine: BatchEngine;
  readonly publisher: ViewPublisher;
  readonly workFolder: string;
  /** Rows that are deduplicated and aggregated at once: bounds memory. */
  readonly maxRows: number;
  readonly onCheckpoint: OnCheckpoint;
  /** Aborted, with the reason as error, when this run must not go on. */
  readonly cut: AbortSignal;
};

export type Recomputed = {
  readonly days: readonly string[];
  readonly result: Extract<RecomputeResult, { displaced: false }>;
};

/**
 * Computes the batch view of all that is archived: the dirty days anew, the rest taken over from the base.
 * Throws `corrupt`, naming the files, when their bytes are not those that were archived.
 */
export async function recompute(recomputing: Recomputing, mode: RunMode): Promise<Recomputed> {
  const { base, metrics, maxRows, catalog, onCheckpoint } = recomputing;
  recomputing.cut.throwIfAborted();
  const plan = planDays(await catalog.files(), base, mode, metrics, maxRows);
  await verify(recomputing, [...plan.chunks.flat(), ...plan.baseFiles]);
  await onCheckpoint('files-verified');
  const result = await runEngine(recomputing, plan);
  // Values of the displaced copy are in the base's all-time rows and cannot be taken out of a sketch: compute them anew.
  if (result.displaced) return await recompute(recomputing, 'full');
  await onCheckpoint('recomputed');
  return { days: plan.days, result };
}

async function runEngine(recomputing: Recomputing, plan: DayPlan): Promise<RecomputeResult> {
  const { engine, publisher, runId, base, metrics, files, workFolder } = recomputing;
  const absolute = ({ path }: CatalogFile) => files.absolute(path);
  return await engine.recompute({
    runId,
    metrics,
    chunks: plan.chunks.map((chunk) => chunk.map(absolute)),
    baseBoundary: plan.baseBoundary,
    baseFiles: plan.baseFiles.map(absolute),
    base: plan.isFull ? null : await publisher.exportBase(base.id, metrics, plan.days, workFolder),
    outputFolder: workFolder,
  });
}

/** Parquet readers do not notice flipped bits: a third of them give a wrong sum and no error. */
async function verify({ files, catalog }: Recomputing, needed: readonly CatalogFile[]): Promise<void> {
  const faults: string[] = [];
  for (const file of new Set(needed)) {
    const fault = await files.findFault(file);
    if (fault === undefined) continue;
    await catalog.markCorrupt(file.path);
    faults.push(`${file.path}: ${fault}`);
  }
  if (faults.length === 0) return;
  throw new TandemError(
    'corrupt',
    `master dataset: ${faults.length} corrupt file(s), which the next run archives again from the log. ${faults.slice(0, 10).join('. ')}`,
    { facts: { count: faults.length } },
  );
}
