/** Everything the layers ask about batch runs. Run 0 is the empty view at the beginning of the log. */

/** Wakes the batch layer. */
export const RUN_CHANNEL = 'batch_run';

/** The unique index batch_run_one_active refuses a second active run. */
export const REQUEST_RUN_SQL = `
  WITH requested AS (INSERT INTO tandem.batch_run (mode, trigger) VALUES ($1, $2) RETURNING id)
  SELECT id, pg_notify('${RUN_CHANNEL}', id::text) FROM requested`;

export const ACTIVE_RUN_SQL = `SELECT id FROM tandem.batch_run WHERE state NOT IN ('published', 'failed')`;

const RUN_COLUMNS = `id, mode, trigger, state, requested_at, started_at, finished_at, boundary, base_run, rows_read,
  duplicates, conflicts, days_recomputed, durations_ms, error, kept,
  (SELECT w.reason FROM tandem.run_wait w WHERE w.run_id = id AND state = 'archiving') AS waiting_for,
  (SELECT w.since FROM tandem.run_wait w WHERE w.run_id = id AND state = 'archiving') AS waiting_since`;

export const LIST_RUNS_SQL = `SELECT ${RUN_COLUMNS} FROM tandem.batch_run WHERE id > 0 ORDER BY id DESC LIMIT $1`;

export const GET_RUN_SQL = `SELECT ${RUN_COLUMNS} FROM tandem.batch_run WHERE id = $1`;

const PUBLISHED_COLUMNS = 'r.id, r.boundary, r.finished_at, r.definitions';

export const CURRENT_RUN_SQL = `
  SELECT ${PUBLISHED_COLUMNS} FROM tandem.batch_current c JOIN tandem.batch_run r ON r.id = c.run_id`;

export const KEPT_RUNS_SQL = `
  SELECT ${PUBLISHED_COLUMNS} FROM tandem.batch_run r WHERE r.kept AND r.state = 'published' ORDER BY r.id DESC`;

export const LOCK_CURRENT_SQL = 'SELECT run_id FROM tandem.batch_current FOR UPDATE';

export const OLDER_KEPT_RUN_SQL = `
  SELECT ${PUBLISHED_COLUMNS} FROM tandem.batch_run r
  WHERE r.kept AND r.state = 'published' AND r.id < $1 ORDER BY r.id DESC LIMIT 1`;

export const POINT_TO_RUN_SQL = 'UPDATE tandem.batch_current SET run_id = $1';
