import { definitionHash, unitOf } from '../metrics/define-metric.js';
import type { Derived, Metric } from '../metrics/metric.js';

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

/** `batch_view.<metric>`: the current run's rows in currency units, derived values included, for psql or Grafana. */
export function createPublicViewSql(metric: Metric): string {
  const table = viewTableName(metric);
  const columns = [
    'r.grain',
    'r.bucket',
    'r."grouping"',
    ...metric.dimensions.map((name) => `r."${name}"`),
    ...Object.keys(metric.measures).map((name) => `${inUnits(metric, name)} AS "${name}"`),
    ...Object.entries(metric.derived).map(([name, derived]) => `${derivedSql(metric, derived)} AS "${name}"`),
  ];
  return `DROP VIEW IF EXISTS batch_view."${metric.name}";
CREATE VIEW batch_view."${metric.name}" AS
SELECT ${columns.join(', ')}
FROM tandem.batch_current c
JOIN ${table} r ON r.run_id IN (SELECT computed_by FROM tandem.run_day WHERE run_id = c.run_id UNION SELECT c.run_id)
WHERE CASE WHEN r.day IS NULL THEN r.run_id = c.run_id
           ELSE EXISTS (SELECT FROM tandem.run_day d WHERE d.run_id = c.run_id AND d.day = r.day AND d.computed_by = r.run_id) END`;
}

function inUnits(metric: Metric, name: string): string {
  return unitOf(metric, name) === 'money' ? `(r."${name}"::numeric / 10000)::numeric(30, 4)` : `r."${name}"`;
}

function derivedSql(metric: Metric, derived: Derived): string {
  if (derived.kind === 'ratio')
    return `round((${inUnits(metric, derived.numerator)})::numeric / nullif(r."${derived.denominator}", 0), 4)`;
  const plus = derived.plus.map((name) => `+ ${inUnits(metric, name)}`);
  const minus = derived.minus.map((name) => `- ${inUnits(metric, name)}`);
  return `(0 ${[...plus, ...minus].join(' ')})`;
}
