import {
  definitionHash,
  isAtOrBelow,
  type Metric,
  type Offsets,
  type RunMode,
  TandemError,
  zeroOffsets,
} from '@tandem/shared';
import type { CatalogFile } from './ports/catalog.js';
import type { BaseRun } from './ports/run-ledger.js';

/** Which days a run recomputes, and from which files. */
export type DayPlan = {
  /** True: every day, as if there were no base. */
  readonly isFull: boolean;
  readonly chunks: readonly (readonly CatalogFile[])[];
  /** Ascending. */
  readonly days: readonly string[];
  /** What was known to the base; empty in a full run. */
  readonly baseFiles: readonly CatalogFile[];
  /** Exclusive; all zero in a full run. */
  readonly baseBoundary: Offsets;
};

/**
 * Dirty days are those with events at or above the base's boundary. Everything is dirty when a full run was asked for,
 * when the base is the empty run, or when it was computed from other definitions.
 */
export function planDays(
  files: readonly CatalogFile[],
  base: BaseRun,
  mode: RunMode,
  metrics: readonly Metric[],
  maxRows: number,
): DayPlan {
  const isFull = mode === 'full' || !hasDefinitions(base, metrics);
  const baseBoundary = isFull ? zeroOffsets(base.boundary.length) : base.boundary;
  const baseFiles = files.filter((file) => liesBelow(file, baseBoundary));
  const dirty = new Set(files.filter((file) => !liesBelow(file, baseBoundary)).map(({ day }) => day));
  const days = [...dirty].sort();
  return { isFull, days, baseFiles, baseBoundary, chunks: chunksOf(files, days, maxRows) };
}

function hasDefinitions(base: BaseRun, metrics: readonly Metric[]): boolean {
  const { definitions } = base;
  if (definitions === null || Object.keys(definitions).length !== metrics.length) return false;
  return metrics.every((metric) => definitions[metric.name] === definitionHash(metric));
}

/** Throws `corrupt` for a file on both sides of the boundary (exclusive): archiving stops at boundaries, so none can be. */
export function liesBelow(file: CatalogFile, boundary: Offsets): boolean {
  if (isAtOrBelow(file.lastOffsets, boundary)) return true;
  const isAbove = boundary.every((offset, partition) => {
    const first = file.firstOffsets[partition] ?? 0;
    return first >= offset || first === file.lastOffsets[partition];
  });
  if (isAbove) return false;
  throw new TandemError(
    'corrupt',
    `${file.path}: found offsets from ${file.firstOffsets.join(', ')} to ${file.lastOffsets.join(', ')}; allowed are files on one side of the boundary ${boundary.join(', ')}`,
  );
}

/** Consecutive days together, up to `maxRows` rows; a larger day stands alone. All files of a day stay together. */
function chunksOf(
  files: readonly CatalogFile[],
  days: readonly string[],
  maxRows: number,
): readonly (readonly CatalogFile[])[] {
  const byDay = new Map<string, CatalogFile[]>(days.map((day) => [day, []]));
  for (const file of files) byDay.get(file.day)?.push(file);
  const chunks: CatalogFile[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const day of days) {
    const added = byDay.get(day) ?? [];
    const addedRows = added.reduce((sum, { rowCount }) => sum + rowCount, 0);
    if (rows + addedRows > maxRows) {
      chunks.push([]);
      rows = 0;
    }
    chunks.at(-1)?.push(...added);
    rows += addedRows;
  }
  return chunks;
}
