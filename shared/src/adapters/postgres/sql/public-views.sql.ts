/**
 * What is shown in schema `batch_view`. Made in older databases too.
 * Whoever writes to it has locked tandem.batch_current's row.
 */
export const PUBLIC_VIEW_SCHEMA_SQL = `
-- Which run the views of a metric show, and how they were made. Readers' views select from it: it tells ours from others.
CREATE TABLE IF NOT EXISTS tandem.public_view (
  metric      text PRIMARY KEY,
  hash        text NOT NULL,               -- of the definition that they show
  fingerprint text NOT NULL,               -- of tandem.view_definition.views, as they were made
  run_id      bigint                       -- null: no rows
);
-- How to make the views of a definition, so that a rollback can show a run of an older program.
CREATE TABLE IF NOT EXISTS tandem.view_definition (
  metric text NOT NULL,
  hash   text NOT NULL,
  views  jsonb NOT NULL,
  PRIMARY KEY (metric, hash)
);
`;

/** $1 metric, $2 hash, $3 views. */
export const STORE_DEFINITION_SQL = `
  INSERT INTO tandem.view_definition (metric, hash, views) VALUES ($1, $2, $3)
  ON CONFLICT (metric, hash) DO UPDATE SET views = excluded.views WHERE view_definition.views <> excluded.views`;

/** The same, for what is not stored yet. */
export const STORE_NEW_DEFINITION_SQL = `
  INSERT INTO tandem.view_definition (metric, hash, views) VALUES ($1, $2, $3) ON CONFLICT (metric, hash) DO NOTHING`;

export const CURRENT_DEFINITIONS_SQL = `
  SELECT r.id, r.definitions FROM tandem.batch_current c JOIN tandem.batch_run r ON r.id = c.run_id FOR UPDATE OF c`;

/**
 * True while views do not show what they should: those of a metric ($1) are not made, or those of the current run's
 * definitions show another run or were made from another definition.
 */
export const IS_BEHIND_SQL = `
  SELECT EXISTS (SELECT unnest($1::text[]) EXCEPT SELECT metric FROM tandem.public_view) OR EXISTS (
    SELECT FROM tandem.batch_current c
    JOIN tandem.batch_run r ON r.id = c.run_id
    CROSS JOIN jsonb_each_text(coalesce(r.definitions, '{}')) d
    JOIN tandem.view_definition v ON v.metric = d.key AND v.hash = d.value
    LEFT JOIN tandem.public_view p ON p.metric = d.key
    WHERE (p.hash, p.fingerprint, p.run_id) IS DISTINCT FROM (d.value, md5(v.views::text), r.id)) AS behind`;

/** $1 run, $2 its definitions. */
export const MOVE_VIEWS_SQL = `
  UPDATE tandem.public_view p SET run_id = $1
  FROM jsonb_each_text($2::jsonb) d WHERE d.key = p.metric AND d.value = p.hash`;

/** $1 run 0, which is empty for every metric. */
export const MOVE_ALL_VIEWS_SQL = 'UPDATE tandem.public_view SET run_id = $1';

/** $1 the definitions of a run: it knows nothing of the other metrics. */
export const EMPTY_UNKNOWN_SQL = `
  UPDATE tandem.public_view SET run_id = NULL WHERE NOT $1::jsonb ? metric`;

/** $1 metric -> hash. */
export const WANTED_SQL = `
  SELECT d.key AS metric, d.value AS hash, v.views, md5(v.views::text) AS fingerprint,
    p.hash IS NOT DISTINCT FROM d.value AND p.fingerprint IS NOT DISTINCT FROM md5(v.views::text) AS "isMade"
  FROM jsonb_each_text($1::jsonb) d
  LEFT JOIN tandem.view_definition v ON v.metric = d.key AND v.hash = d.value
  LEFT JOIN tandem.public_view p ON p.metric = d.key
  ORDER BY d.key`;

/** $1 metric, $2 hash, $3 fingerprint, $4 run or null. */
export const SHOWN_SQL = `
  INSERT INTO tandem.public_view (metric, hash, fingerprint, run_id) VALUES ($1, $2, $3, $4)
  ON CONFLICT (metric) DO UPDATE SET hash = excluded.hash, fingerprint = excluded.fingerprint, run_id = excluded.run_id`;

/** $1 names. Whose is what has such a name: ours selects from public_view, or, made by version 0.1, from batch_current. */
export const FIND_VIEWS_SQL = `
  SELECT c.relname AS name, c.oid::text AS oid, pg_get_userbyid(c.relowner) AS owner,
    array_to_string(c.reloptions, ', ') AS options,
    CASE WHEN 'tandem.public_view'::regclass = ANY (s.sources) THEN 'ours'
         WHEN 'tandem.batch_current'::regclass = ANY (s.sources) THEN 'old'
         ELSE 'foreign' END AS kind
  FROM pg_class c
  CROSS JOIN LATERAL (
    SELECT array_agg(d.refobjid) AS sources FROM pg_rewrite w
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    WHERE w.ev_class = c.oid AND w.rulename = '_RETURN' AND c.relkind = 'v') s
  WHERE c.relnamespace = 'batch_view'::regnamespace AND c.relname = ANY ($1::name[])`;

/** $1 the view's oid. */
export const COLUMNS_SQL = `
  SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
  WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;

/** $1 the view's oid. What would be dropped with it without a word. */
export const ATTACHED_SQL = `
  SELECT 'trigger ' || tgname AS name FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
  UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = $1 AND rulename <> '_RETURN'`;

/** $1 the oid of a view of version 0.1. The table that it shows, and its text. */
export const OLD_VIEW_SQL = `
  SELECT t.relname AS "table", pg_get_viewdef(v.oid) AS sql FROM pg_class v
  JOIN pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN'
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class t ON t.oid = d.refobjid AND t.relnamespace = 'tandem'::regnamespace
  WHERE v.oid = $1 AND t.relname ~ '_[0-9a-f]{8}$' LIMIT 1`;

/** $1 the metric. */
export const FORGET_METRIC_SQL = `
  WITH shown AS (DELETE FROM tandem.public_view WHERE metric = $1)
  DELETE FROM tandem.view_definition WHERE metric = $1`;

/** $1 metrics. Those that no row of public_view is of, with the current run's hash if its views can be made. */
export const UNSHOWN_SQL = `
  SELECT m.metric, v.hash FROM unnest($1::text[]) m(metric)
  LEFT JOIN tandem.batch_current c ON true
  LEFT JOIN tandem.batch_run r ON r.id = c.run_id
  LEFT JOIN tandem.view_definition v ON v.metric = m.metric AND v.hash = r.definitions ->> m.metric
  WHERE m.metric NOT IN (SELECT metric FROM tandem.public_view)`;
