import { type Metric, sketchColumns, viewColumns, viewTableName } from '@tandem/shared';

/** The statements of a publication, in their order. One transaction runs them all. */

/** Wakes whoever follows publications; the payload is the run's id. */
export const PUBLISHED_CHANNEL = 'batch_published';

export function copyRowsSql(metric: Metric): string {
  const columns = viewColumns(metric).map((name) => `"${name}"`);
  return `COPY ${viewTableName(metric)} (${columns.join(', ')}) FROM STDIN WITH (FORMAT csv)`;
}

export const COPY_TALLIES_SQL = `
  COPY tandem.day_tally (computed_by, day, partition, row_count, folded, duplicates, conflicts)
  FROM STDIN WITH (FORMAT csv)`;
export const COPY_CONFLICTS_SQL = `
  COPY tandem.day_conflict (computed_by, day, partition, "offset") FROM STDIN WITH (FORMAT csv)`;

export const LOCK_CURRENT_SQL = 'SELECT run_id FROM tandem.batch_current FOR UPDATE';

/** $1 the run, $2 its base, $3 the days that it recomputed. */
export const ADD_DAYS_SQL = `
  INSERT INTO tandem.run_day (run_id, day, computed_by)
  SELECT $1::bigint, day, computed_by FROM tandem.run_day WHERE run_id = $2 AND day <> ALL ($3::date[])
  UNION ALL
  SELECT $1::bigint, day, $1::bigint FROM unnest($3::date[]) AS day`;

export const POINT_SQL = 'UPDATE tandem.batch_current SET run_id = $1';

/** $1 the run, $2 definitions, $3 days recomputed. */
export const CLOSE_RUN_SQL = `
  UPDATE tandem.batch_run SET
    state = 'published',
    kept = true,
    definitions = $2::jsonb,
    days_recomputed = $3,
    rows_read = (SELECT coalesce(sum(row_count), 0) FROM tandem.day_tally WHERE computed_by = $1),
    (duplicates, conflicts) = (
      SELECT coalesce(sum(t.duplicates), 0), coalesce(sum(t.conflicts), 0)
      FROM tandem.run_day d JOIN tandem.day_tally t ON t.computed_by = d.computed_by AND t.day = d.day
      WHERE d.run_id = $1)
  WHERE id = $1 AND state = 'publishing'`;

/** $1 the run, $2 durations: the last statement, so that they hold all that publishing took. */
export const FINISH_RUN_SQL = `
  UPDATE tandem.batch_run SET finished_at = clock_timestamp(), durations_ms = durations_ms || $2::jsonb WHERE id = $1`;

export const NOTIFY_SQL = `SELECT pg_notify('${PUBLISHED_CHANNEL}', $1)`;

/** $1 how many published runs are kept, $2 the new run's definitions. Also kept is a run that readers still see of these. */
export const LET_GO_SQL = `
  UPDATE tandem.batch_run SET kept = false
  WHERE kept AND id NOT IN (
    SELECT id FROM tandem.batch_run WHERE kept AND state = 'published' ORDER BY id DESC LIMIT $1)
  AND id NOT IN (SELECT run_id FROM tandem.public_view WHERE run_id IS NOT NULL AND $2::jsonb ? metric)`;

export const FORGET_DAYS_SQL = `
  DELETE FROM tandem.run_day WHERE run_id NOT IN (SELECT id FROM tandem.batch_run WHERE kept)`;

/** Versions of days that no kept run is made of. */
export const FIND_OBSOLETE_SQL = `
  CREATE TEMP TABLE obsolete ON COMMIT DROP AS
  SELECT DISTINCT computed_by, day FROM tandem.day_tally
  EXCEPT SELECT computed_by, day FROM tandem.run_day`;

export const FORGET_TALLIES_SQL = `
  DELETE FROM tandem.day_tally t USING obsolete o WHERE o.computed_by = t.computed_by AND o.day = t.day`;
export const FORGET_CONFLICTS_SQL = `
  DELETE FROM tandem.day_conflict t USING obsolete o WHERE o.computed_by = t.computed_by AND o.day = t.day`;

/** Groupings and grains are named so that the table's index finds the rows. */
export function forgetDayRowsSql(metric: Metric): string {
  return `DELETE FROM ${viewTableName(metric)} r USING obsolete o
WHERE r."grouping" IN (${groupings(metric)}) AND r.grain IN ('hour', 'day') AND r.day = o.day AND r.run_id = o.computed_by`;
}

export function forgetAllTimeRowsSql(metric: Metric): string {
  return `DELETE FROM ${viewTableName(metric)}
WHERE "grouping" IN (${groupings(metric)}) AND grain = 'all' AND day IS NULL
  AND run_id NOT IN (SELECT id FROM tandem.batch_run WHERE kept)`;
}

/** View tables of definitions that no kept run was computed from and that are not $1, today's. */
export const FIND_OLD_TABLES_SQL = `
  SELECT c.relname AS name FROM pg_class c
  WHERE c.relnamespace = 'tandem'::regnamespace AND c.relkind = 'r'
    AND c.relname ~ '^[a-z][a-z0-9_]*_[0-9a-f]{8}$'
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'grain' AND NOT a.attisdropped)
    AND c.relname <> ALL ($1::text[])
    AND c.relname NOT IN (
      SELECT d.key || '_' || d.value FROM tandem.batch_run r, jsonb_each_text(r.definitions) d WHERE r.kept)`;

export function dropTableSql(name: string): string {
  return `DROP TABLE tandem."${name}"`;
}

/** $1 metric, $2 hash. */
export const FORGET_DEFINITION_SQL = 'DELETE FROM tandem.view_definition WHERE metric = $1 AND hash = $2';

export const MAKE_DIRTY_DAYS_SQL = 'CREATE TEMP TABLE dirty_day (day date PRIMARY KEY) ON COMMIT DROP';
export const ADD_DIRTY_DAYS_SQL = 'INSERT INTO dirty_day SELECT * FROM unnest($1::date[])';

/** What an incremental run needs of its base: see `BaseExport`. */
export function exportRowsSql(metric: Metric, baseRun: number): string {
  const table = viewTableName(metric);
  const dimensions = ['grouping', ...metric.dimensions].map((name) => `r."${name}"`);
  const names = Object.keys(metric.measures);
  const isAdditive = (name: string) => metric.measures[name]?.kind !== 'distinct';
  const allTime = [
    ...dimensions,
    ...names.map((name) => `r."${name}"`),
    ...sketchColumns(metric).map((name) => `encode(r."${name}", 'hex')`),
  ];
  const dirtyDays = [
    ...dimensions,
    ...names.map((name) => (isAdditive(name) ? `- r."${name}"` : '0')),
    ...sketchColumns(metric).map(() => 'NULL'),
  ];
  return `COPY (
  SELECT ${allTime.join(', ')} FROM ${table} r
  WHERE r."grouping" IN (${groupings(metric)}) AND r.grain = 'all' AND r.day IS NULL AND r.run_id = ${baseRun}
  UNION ALL
  SELECT ${dirtyDays.join(', ')}
  FROM dirty_day JOIN tandem.run_day d ON d.run_id = ${baseRun} AND d.day = dirty_day.day
  JOIN ${table} r ON r."grouping" IN (${groupings(metric)}) AND r.grain = 'day' AND r.day = d.day AND r.run_id = d.computed_by
) TO STDOUT WITH (FORMAT csv)`;
}

export function exportConflictsSql(baseRun: number): string {
  return `COPY (
  SELECT c.partition, c."offset" FROM tandem.run_day d
  JOIN tandem.day_conflict c ON c.computed_by = d.computed_by AND c.day = d.day WHERE d.run_id = ${baseRun}
) TO STDOUT WITH (FORMAT csv)`;
}

function groupings(metric: Metric): string {
  return Array.from({ length: 2 ** metric.dimensions.length }, (_, grouping) => grouping).join(', ');
}
