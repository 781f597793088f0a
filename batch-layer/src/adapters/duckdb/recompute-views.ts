import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Metric } from '@tandem/shared';
import type { RecomputePlan, RecomputeResult } from '../../ports/batch-engine.js';
import { sqlText } from './open-duckdb.js';
import * as allTime from './sql/all-time-rows.sql.js';
import * as dayRows from './sql/day-rows.sql.js';
import * as dedupe from './sql/dedupe.sql.js';
import { dimensionFields, distinctMeasures, type NamedMeasure, valueFields } from './sql/metric-parts.js';

/** How many (group, value) pairs of the all-time rows are counted at once: bounds memory, whatever the history. */
const PAIRS_PER_BUCKET = 2_000_000;

/** Recomputes chunk by chunk of days, then the all-time rows. Leaves nothing behind that a second call would trip over. */
export async function recompute(connection: DuckDBConnection, plan: RecomputePlan): Promise<RecomputeResult> {
  const rowFiles = new Map<string, string[]>(plan.metrics.map(({ name }) => [name, []]));
  const fileFor = (metric: Metric, part: string) => {
    const file = join(plan.outputFolder, `${metric.name}-${part}.csv`);
    rowFiles.get(metric.name)?.push(file);
    return file;
  };
  await makeTables(connection, plan);
  for (const [index, files] of plan.chunks.entries()) {
    await connection.run(dedupe.findLosersSql(files));
    if ((await count(connection, dedupe.countDisplacedSql(plan.baseBoundary))) > 0) return { displaced: true };
    await loadWinners(connection, plan, files, index);
    for (const metric of plan.metrics) {
      await makeDayRows(connection, metric, plan.runId, fileFor(metric, `days-${index}`));
    }
    for (const name of dimensionFields(plan.metrics)) await connection.run(dedupe.dropDimensionTypeSql(name, index));
  }
  await connection.run('DROP TABLE IF EXISTS winner');
  for (const metric of plan.metrics) await makeAllTimeRows(connection, plan, metric, fileFor(metric, 'all'));
  return { displaced: false, rowFiles, ...(await writeTallies(connection, plan)) };
}

async function makeTables(connection: DuckDBConnection, { metrics, base }: RecomputePlan): Promise<void> {
  await connection.run(dedupe.MAKE_TALLY_TABLE_SQL);
  await connection.run(dedupe.MAKE_CONFLICT_TABLE_SQL);
  await connection.run(dedupe.loadBaseConflictsSql(base?.conflictsFile));
  for (const metric of metrics) {
    await connection.run(allTime.makeTotalsTableSql(metric));
    for (const measure of distinctMeasures(metric)) {
      await connection.run(allTime.makeNewPairsTableSql(metric, measure));
      await connection.run(allTime.makeFreshTableSql(metric, measure));
    }
  }
}

async function loadWinners(
  connection: DuckDBConnection,
  plan: RecomputePlan,
  files: readonly string[],
  chunk: number,
): Promise<void> {
  const losers = await count(connection, 'SELECT count(*) AS n FROM loser');
  const columns = { values: valueFields(plan.metrics), dimensions: dimensionFields(plan.metrics) };
  for (const name of columns.dimensions) await connection.run(dedupe.makeDimensionTypeSql(name, files, chunk));
  await connection.run(dedupe.loadWinnersSql(files, columns, chunk, plan.baseBoundary, losers > 0));
  await connection.run(dedupe.addTalliesSql(files));
  await connection.run(dedupe.ADD_CONFLICTS_SQL);
}

async function makeDayRows(connection: DuckDBConnection, metric: Metric, runId: number, file: string): Promise<void> {
  await connection.run(dayRows.makeCellsSql(metric));
  await connection.run(dayRows.rollUpSql(metric));
  await connection.run(allTime.addTotalsSql(metric));
  for (const measure of distinctMeasures(metric)) {
    await connection.run(dayRows.makePairsSql(metric, measure));
    await connection.run(dayRows.makeDictionarySql('pair'));
    await connection.run(dayRows.codePairsSql(metric));
    await connection.run(dayRows.countDistinctSql(metric, measure));
    await connection.run(allTime.addNewPairsSql(metric, measure));
  }
  await connection.run(dayRows.writeDayRowsSql(metric, runId, file));
}

async function makeAllTimeRows(
  connection: DuckDBConnection,
  plan: RecomputePlan,
  metric: Metric,
  file: string,
): Promise<void> {
  for (const measure of distinctMeasures(metric)) await countNewValues(connection, plan, metric, measure);
  const baseFile = plan.base?.rowFiles.get(metric.name);
  await connection.run(allTime.writeAllTimeRowsSql(metric, plan.runId, baseFile, file));
}

async function countNewValues(
  connection: DuckDBConnection,
  { baseFiles }: RecomputePlan,
  metric: Metric,
  measure: NamedMeasure,
): Promise<void> {
  const pairs = await count(connection, allTime.countNewPairsSql(metric, measure));
  const conflicts = await count(connection, 'SELECT count(*) AS n FROM base_conflict');
  const buckets = Math.ceil(pairs / PAIRS_PER_BUCKET);
  for (let bucket = 0; bucket < buckets; bucket++) {
    await connection.run(allTime.makeBucketDictionarySql(metric, measure, bucket, buckets));
    await connection.run(allTime.codeNewPairsSql(metric, measure));
    await connection.run(
      baseFiles.length === 0
        ? allTime.noKnownPairsSql(metric)
        : allTime.findKnownPairsSql(metric, measure, baseFiles, conflicts > 0),
    );
    await connection.run(allTime.addFreshSql(metric, measure));
  }
}

async function writeTallies(connection: DuckDBConnection, { runId, outputFolder }: RecomputePlan) {
  const tallyFile = join(outputFolder, 'tallies.csv');
  const conflictFile = join(outputFolder, 'conflicts.csv');
  await connection.run(dedupe.writeTalliesSql(runId, sqlText(tallyFile)));
  await connection.run(dedupe.writeConflictsSql(runId, sqlText(conflictFile)));
  return { tallyFile, conflictFile };
}

async function count(connection: DuckDBConnection, sql: string): Promise<number> {
  const reader = await connection.runAndReadAll(sql);
  return Number(reader.getRowObjects()[0]?.['n'] ?? 0);
}
