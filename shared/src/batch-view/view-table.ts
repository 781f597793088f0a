import { definitionHash } from '../metrics/define-metric.js';
import type { Metric } from '../metrics/metric.js';

/**
 * The batch view's table of one metric, derived from its definition. One row is one group at one grain:
 * - `run_id`: the run that computed the row. Rows with a day count for each run whose `run_day` names that run for that
 *   day; rows of grain `all` have no day and count for `run_id` alone.
 * - `grain`: `hour`, `day` or `all`. `bucket`: start of the hour or day (UTC, inclusive), null for `all`.
 * - `grouping`: which dimensions the row keeps, bit i for dimension i; the others are null (summed over).
 * - one bigint per measure: money in ten-thousandths; `distinct` measures are exact for exactly this group and bucket.
 * - one `…_sketch` bytea per distinct measure (see sketch-bytes.ts), where `rowCarriesSketch` says so, else null.
 */
export function viewTableName(metric: Metric): string {
  return `tandem.${metric.name}_${definitionHash(metric)}`;
}

/** The grouping that keeps every dimension. */
export function fullGrouping(metric: Metric): number {
  return 2 ** metric.dimensions.length - 1;
}

/**
 * Sketches stand in `all` rows of every grouping, in `day` rows of every grouping but the full one, and in `hour` rows
 * of the full grouping (the cells): from these, every other one is a union.
 */
export function rowCarriesSketch(metric: Metric, grain: 'hour' | 'day' | 'all', grouping: number): boolean {
  if (grain === 'all') return true;
  return (grain === 'hour') === (grouping === fullGrouping(metric));
}

/** Column names in table order: the order of the rows that are copied in. */
export function viewColumns(metric: Metric): readonly string[] {
  return [
    'run_id',
    'day',
    'grain',
    'bucket',
    'grouping',
    ...metric.dimensions,
    ...Object.keys(metric.measures),
    ...sketchColumns(metric),
  ];
}

export function sketchColumns(metric: Metric): readonly string[] {
  return Object.entries(metric.measures).flatMap(([name, { kind }]) => (kind === 'distinct' ? [`${name}_sketch`] : []));
}

export function createViewTableSql(metric: Metric): string {
  const table = viewTableName(metric);
  const columns = [
    'run_id bigint NOT NULL',
    'day date',
    'grain text NOT NULL',
    'bucket timestamptz',
    'grouping smallint NOT NULL',
    ...metric.dimensions.map((name) => `"${name}" text`),
    ...Object.keys(metric.measures).map((name) => `"${name}" bigint NOT NULL`),
    ...sketchColumns(metric).map((name) => `"${name}" bytea`),
  ];
  const index = `${table.replace('tandem.', '')}_by_day`;
  return `CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')});
CREATE INDEX IF NOT EXISTS "${index}" ON ${table} ("grouping", grain, day, run_id);`;
}
