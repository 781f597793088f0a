import type { FieldName, Offsets } from '@tandem/shared';
import { sqlText } from '../open-duckdb.js';
import { CONTENT_COLUMNS, fromFiles, MS_PER_DAY_SQL, MS_PER_HOUR_SQL, quoted } from './event-columns.js';
import { dimensionText } from './metric-parts.js';

/**
 * Finds the copies that do not count. Identity is (event_id, occurred_at). A 64-bit hash of it, grouped, finds the few
 * identities that may occur twice at a fraction of the cost of grouping the texts; only these are compared exactly.
 */
export function findLosersSql(files: readonly string[]): string {
  const content = `row(${quoted(CONTENT_COLUMNS)})`;
  return `CREATE OR REPLACE TEMP TABLE loser AS
WITH suspect AS (
  SELECT hash(event_id, occurred_at) AS identity FROM ${fromFiles(files)} GROUP BY identity HAVING count(*) > 1
), copy AS (
  SELECT occurred_at // ${MS_PER_DAY_SQL} AS day, "partition", "offset",
    row_number() OVER same_event AS nth,
    ${content} AS content,
    first_value(${content}) OVER same_event AS counted_content
  FROM ${fromFiles(files)}
  WHERE hash(event_id, occurred_at) IN (SELECT identity FROM suspect)
  WINDOW same_event AS (PARTITION BY event_id, occurred_at ORDER BY "partition", "offset")
)
SELECT day, "partition", "offset", content IS DISTINCT FROM counted_content AS is_conflict
FROM copy WHERE nth > 1`;
}

/**
 * The values of a field that dimensions are taken from, as a type of its own: rows then hold and group by a small
 * number in place of the text, and are written as text again. `chunk` sets the type apart from those of other days.
 */
export function makeDimensionTypeSql(name: FieldName, files: readonly string[], chunk: number): string {
  return `CREATE TYPE ${dimensionType(name, chunk)} AS ENUM (
SELECT DISTINCT ${dimensionText(name)} AS value FROM ${fromFiles(files)} WHERE value IS NOT NULL)`;
}

export function dropDimensionTypeSql(name: FieldName, chunk: number): string {
  return `DROP TYPE ${dimensionType(name, chunk)}`;
}

function dimensionType(name: FieldName, chunk: number): string {
  return `"${name}_${chunk}"`;
}

export type ChunkColumns = {
  /** Fields whose values are summed or counted. */
  readonly values: readonly FieldName[];
  /** Fields that dimensions are taken from. */
  readonly dimensions: readonly FieldName[];
};

/**
 * The events that count, with the columns that metrics read: `<field>_value`, and `<field>_dimension`, which is never
 * null for an event type that has the field. `is_new`: the base run did not know it.
 */
export function loadWinnersSql(
  files: readonly string[],
  { values, dimensions }: ChunkColumns,
  chunk: number,
  baseBoundary: Offsets,
  hasLosers: boolean,
): string {
  const columns = [
    'type',
    ...values.map((name) => `"${name}" AS "${name}_value"`),
    ...dimensions.map((name) => `CAST(${dimensionText(name)} AS ${dimensionType(name, chunk)}) AS "${name}_dimension"`),
  ].join(', ');
  const losers = hasLosers ? ' ANTI JOIN loser USING ("partition", "offset")' : '';
  return `CREATE OR REPLACE TEMP TABLE winner AS
SELECT occurred_at // ${MS_PER_HOUR_SQL} AS hour, ${isAtOrAbove(baseBoundary)} AS is_new, ${columns}
FROM ${fromFiles(files)}${losers}`;
}

/** New copies may have the lower position: then a conflict took away what the base had counted. */
export function countDisplacedSql(baseBoundary: Offsets): string {
  return `SELECT count(*) AS n FROM loser ANTI JOIN base_conflict USING ("partition", "offset")
WHERE is_conflict AND NOT ${isAtOrAbove(baseBoundary)}`;
}

export function addTalliesSql(files: readonly string[]): string {
  return `INSERT INTO day_tally
SELECT day, "partition", sum(rows), sum(rows) - sum(duplicates), sum(duplicates), sum(conflicts)
FROM (
  SELECT occurred_at // ${MS_PER_DAY_SQL} AS day, "partition", count(*) AS rows, 0 AS duplicates, 0 AS conflicts
  FROM ${fromFiles(files)} GROUP BY ALL
  UNION ALL
  SELECT day, "partition", 0, count(*), count(*) FILTER (is_conflict) FROM loser GROUP BY ALL
) GROUP BY day, "partition"`;
}

export const ADD_CONFLICTS_SQL =
  'INSERT INTO day_conflict SELECT day, "partition", "offset" FROM loser WHERE is_conflict';

function isAtOrAbove(boundary: Offsets): string {
  return `("offset" >= [${boundary.join(', ')}]["partition" + 1])`;
}

export const MAKE_TALLY_TABLE_SQL = `CREATE OR REPLACE TEMP TABLE day_tally
(day BIGINT, "partition" BIGINT, row_count BIGINT, folded BIGINT, duplicates BIGINT, conflicts BIGINT)`;

export const MAKE_CONFLICT_TABLE_SQL =
  'CREATE OR REPLACE TEMP TABLE day_conflict (day BIGINT, "partition" BIGINT, "offset" BIGINT)';

/** Table `base_conflict`: positions of copies that did not count in the base's view. */
export function loadBaseConflictsSql(file: string | undefined): string {
  const columns = '("partition" BIGINT, "offset" BIGINT)';
  if (file === undefined) return `CREATE OR REPLACE TEMP TABLE base_conflict ${columns}`;
  return `CREATE OR REPLACE TEMP TABLE base_conflict AS FROM read_csv(${sqlText(file)},
auto_detect = false, header = false, columns = {'partition': 'BIGINT', 'offset': 'BIGINT'})`;
}

const DAY_TEXT = `strftime(epoch_ms(day * ${MS_PER_DAY_SQL}), '%Y-%m-%d')`;

export function writeTalliesSql(runId: number, file: string): string {
  return `COPY (SELECT ${runId}, ${DAY_TEXT}, "partition", row_count, folded, duplicates, conflicts FROM day_tally)
TO ${file} (FORMAT csv, HEADER false)`;
}

export function writeConflictsSql(runId: number, file: string): string {
  return `COPY (SELECT ${runId}, ${DAY_TEXT}, "partition", "offset" FROM day_conflict)
TO ${file} (FORMAT csv, HEADER false)`;
}
