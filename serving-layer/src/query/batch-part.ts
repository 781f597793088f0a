import { definitionHash, type Metric, type PublishedRun, TandemError } from '@tandem/shared';
import type { BatchViewReader, SummedRows, UnitedSketches } from '../ports/batch-view-reader.js';
import { groupKey } from './group.js';
import type { Query } from './query.js';
import type { MeasureValue, Part } from './values.js';

/**
 * What batch says: the rows of the given run and no other. With `withSketches` its distinct counts can be merged.
 * Throws `not-provable` when the run was computed with another definition of the metric.
 */
export async function readBatchPart(
  reader: BatchViewReader,
  run: PublishedRun,
  query: Query,
  withSketches: boolean,
): Promise<Part> {
  checkDefinition(run, query.metric);
  // Run 0 is the empty view: zeros for every metric, without a table.
  if (run.definitions === null) return new Map();
  const sums = await reader.sums(run, query);
  const hasDistinct = Object.values(query.metric.measures).some(({ kind }) => kind === 'distinct');
  const areSketchesNeeded = hasDistinct && (withSketches || sums.some(({ rows }) => rows > 1));
  const sketches = areSketchesNeeded ? await reader.sketches(run, query) : undefined;
  return new Map(sums.flatMap((summed) => partEntry(query.metric, summed, sketches)));
}

/** True when the run carries the metric as it is defined today. Run 0 is empty for every definition. */
export function carriesDefinition(run: PublishedRun, metric: Metric): boolean {
  return run.definitions === null || run.definitions[metric.name] === definitionHash(metric);
}

function checkDefinition(run: PublishedRun, metric: Metric): void {
  if (carriesDefinition(run, metric)) return;
  const reason = `run ${run.id} was computed without today's definition of ${metric.name}`;
  throw new TandemError(
    'not-provable',
    `No number can be given: ${reason}. Start a run (POST /batch/runs) and try again when it is published.`,
    { facts: { reason, run: run.id, metric: metric.name } },
  );
}

type Entry = readonly [string, { group: SummedRows['group']; values: readonly MeasureValue[] }];

function partEntry(
  metric: Metric,
  { group, rows, sums }: SummedRows,
  sketches: ReadonlyMap<string, UnitedSketches> | undefined,
): readonly Entry[] {
  if (rows === 0) return [];
  const key = groupKey(group);
  const united = sketches?.get(key);
  const values = Object.values(metric.measures).map(({ kind }, index): MeasureValue => {
    const sum = sums[index] ?? 0;
    if (kind !== 'distinct') return sum;
    const sketch = united?.[index] ?? null;
    // One row holds the exact count of exactly this group and time; counts of several rows do not add.
    if (rows === 1) return { count: Number(sum), isExact: true, sketch };
    if (!sketch) throw missingSketch(metric, rows);
    return { count: sketch.count(), isExact: sketch.isExact, sketch };
  });
  return [[key, { group, values }]];
}

function missingSketch(metric: Metric, rows: number): TandemError {
  return new TandemError(
    'corrupt',
    `The batch view of ${metric.name} has ${rows} rows of a group and no sketch; allowed are sketches in every row that should carry one: start a full run`,
  );
}
