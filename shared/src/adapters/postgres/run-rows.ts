import { TandemError } from '../../errors.js';
import type { Offsets } from '../../offsets.js';
import type { BatchRun, PublishedRun, RunWait } from '../../ports/run-store.js';
import { toSafeInteger } from './safe-integer.js';

/** A row of tandem.batch_run as the driver gives it: bigint as text. */
export type RunRow = Pick<BatchRun, 'mode' | 'trigger' | 'state' | 'error' | 'kept'> & {
  readonly id: string;
  readonly requested_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly boundary: readonly string[] | null;
  readonly base_run: string | null;
  readonly rows_read: string;
  readonly duplicates: string;
  readonly conflicts: string;
  readonly days_recomputed: number;
  readonly durations_ms: BatchRun['durationsMs'];
  readonly waiting_for: string | null;
  readonly waiting_since: Date | null;
};

export type PublishedRunRow = {
  readonly id: string;
  readonly boundary: readonly string[] | null;
  readonly finished_at: Date | null;
  readonly definitions: Readonly<Record<string, string>> | null;
};

export function toBatchRun(row: RunRow): BatchRun {
  return {
    id: toSafeInteger(row.id),
    mode: row.mode,
    trigger: row.trigger,
    state: row.state,
    requestedAt: row.requested_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    boundary: row.boundary && toOffsets(row.boundary),
    baseRun: row.base_run === null ? null : toSafeInteger(row.base_run),
    rowsRead: toSafeInteger(row.rows_read),
    duplicates: toSafeInteger(row.duplicates),
    conflicts: toSafeInteger(row.conflicts),
    daysRecomputed: row.days_recomputed,
    durationsMs: row.durations_ms,
    waiting: waitOf(row),
    error: row.error,
    kept: row.kept,
  };
}

function waitOf({ waiting_for, waiting_since }: RunRow): RunWait | null {
  return waiting_for === null || waiting_since === null ? null : { for: waiting_for, since: waiting_since };
}

/** Throws `corrupt` for a published run without boundary or time of publication. */
export function toPublishedRun({ id, boundary, finished_at, definitions }: PublishedRunRow): PublishedRun {
  if (boundary === null || finished_at === null) {
    throw new TandemError('corrupt', `run ${id}: found no boundary or finished_at; a published run has both`);
  }
  return { id: toSafeInteger(id), boundary: toOffsets(boundary), publishedAt: finished_at, definitions };
}

function toOffsets(texts: readonly string[]): Offsets {
  return texts.map(toSafeInteger);
}
