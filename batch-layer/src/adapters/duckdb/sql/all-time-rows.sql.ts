import { dimensionField, type Metric, SKETCH_SIZE, sketchColumns } from '@tandem/shared';
import { sqlText } from '../open-duckdb.js';
import { fromFiles, quoted } from './event-columns.js';
import {
  additiveMeasures,
  dictionaryOf,
  dimensionText,
  distinctMeasures,
  groupsOf,
  HASH_TEXT_LENGTH,
  isOneOf,
  type NamedMeasure,
  SKETCH_SQL,
} from './metric-parts.js';

/**
 * The statements that make a metric's all-time rows. They are the base's all-time rows, less the base's version of the
 * days that were recomputed, plus the new version; and for distinct values, plus those that are new to their group.
 * A full run is the same with nothing in the base.
 */

/** Dimension values have at most 64 characters and numbers 40 digits; there are at most some dozens of each. */
const MAX_KEY_AND_NUMBERS_BYTES = 65_536;

/** Table `total_<metric>`: sums and counts of the recomputed days, all groupings. */
export function makeTotalsTableSql(metric: Metric): string {
  const columns = [
    '"grouping" INTEGER',
    ...metric.dimensions.map((name) => `"${name}" VARCHAR`),
    ...additiveMeasures(metric).map(([name]) => `"${name}" HUGEINT`),
  ];
  return `CREATE OR REPLACE TEMP TABLE "total_${metric.name}" (${columns.join(', ')})`;
}

export function addTotalsSql(metric: Metric): string {
  const sums = additiveMeasures(metric).map(([name]) => `sum("${name}") AS "${name}"`);
  return `INSERT INTO "total_${metric.name}" BY NAME
SELECT ${[quoted(['grouping', ...metric.dimensions]), ...sums].join(', ')} FROM summed WHERE grain = 'day' GROUP BY ALL`;
}

/** Table `new_<metric>_<measure>`: values of events that the base run did not know. */
export function makeNewPairsTableSql(metric: Metric, [name]: NamedMeasure): string {
  const columns = [...metric.dimensions.map((dimension) => `"${dimension}" VARCHAR`), 'value VARCHAR'];
  return `CREATE OR REPLACE TEMP TABLE ${newPairs(metric, name)} (${columns.join(', ')})`;
}

export function addNewPairsSql(metric: Metric, [name]: NamedMeasure): string {
  return `INSERT INTO ${newPairs(metric, name)}
SELECT DISTINCT ${quoted([...metric.dimensions, 'value'])} FROM pair WHERE is_new`;
}

export function countNewPairsSql(metric: Metric, [name]: NamedMeasure): string {
  return `SELECT count(*) AS n FROM ${newPairs(metric, name)}`;
}

/** Table `dictionary` of the values of one bucket: a value lies in exactly one, so buckets can be counted one by one. */
export function makeBucketDictionarySql(metric: Metric, [name]: NamedMeasure, bucket: number, buckets: number): string {
  const values = `SELECT DISTINCT value FROM ${newPairs(metric, name)} WHERE hash(value) % ${buckets} = ${bucket}`;
  return `CREATE OR REPLACE TEMP TABLE dictionary AS
${dictionaryOf(values)}`;
}

export function codeNewPairsSql(metric: Metric, [name]: NamedMeasure): string {
  return `CREATE OR REPLACE TEMP TABLE coded_pair AS
SELECT DISTINCT ${quoted([...metric.dimensions, 'id'])} FROM ${newPairs(metric, name)} JOIN dictionary USING (value)`;
}

/** Table `known_pair`: where the base knew these values already. Copies that did not count are left out. */
export function findKnownPairsSql(
  metric: Metric,
  [, measure]: NamedMeasure,
  baseFiles: readonly string[],
  hasConflicts: boolean,
): string {
  const dimensions = metric.dimensions.map(
    (dimension) => `${dimensionText(dimensionField(measure, dimension))} AS "${dimension}"`,
  );
  const needed = metric.dimensions.map((dimension) => dimensionField(measure, dimension));
  const position = hasConflicts ? ['partition', 'offset'] : [];
  const read = quoted([...new Set([...needed, measure.field ?? '', 'type', ...position])]);
  const conflicts = hasConflicts ? ' ANTI JOIN base_conflict USING ("partition", "offset")' : '';
  return `CREATE OR REPLACE TEMP TABLE known_pair AS
SELECT DISTINCT ${[...dimensions, 'id'].join(', ')}
FROM (SELECT ${read} FROM ${fromFiles(baseFiles)} WHERE ${isOneOf(measure.of)})
JOIN dictionary ON dictionary.value = "${measure.field}"${conflicts}`;
}

export function noKnownPairsSql(metric: Metric): string {
  const columns = [...metric.dimensions.map((dimension) => `"${dimension}" VARCHAR`), 'id BIGINT'];
  return `CREATE OR REPLACE TEMP TABLE known_pair (${columns.join(', ')})`;
}

export function makeFreshTableSql(metric: Metric, [name]: NamedMeasure): string {
  const columns = [
    '"grouping" INTEGER',
    ...metric.dimensions.map((dimension) => `"${dimension}" VARCHAR`),
    `"${name}" BIGINT`,
    `"new_${name}_sketch" VARCHAR`,
  ];
  return `CREATE OR REPLACE TEMP TABLE ${fresh(metric, name)} (${columns.join(', ')})`;
}

/** Adds to `fresh_<metric>_<measure>` how many values of this bucket are new to each group, and the smallest hashes. */
export function addFreshSql(metric: Metric, [name]: NamedMeasure): string {
  const dimensions = quoted(['grouping', ...metric.dimensions]);
  const parts = groupsOf(metric, ['all']).map(({ kept, key }) => {
    const pair = quoted([...kept, 'id']);
    // The pairs of all dimensions are distinct already.
    const distinct = kept.length === metric.dimensions.length ? '' : 'DISTINCT ';
    return `SELECT ${dimensions}, count(*), ${SKETCH_SQL}
FROM (SELECT ${key}, id FROM (SELECT ${distinct}${pair} FROM coded_pair)
  ANTI JOIN (SELECT ${distinct}${pair} FROM known_pair) USING (${pair})) GROUP BY ${dimensions}`;
  });
  return `INSERT INTO ${fresh(metric, name)}\n${parts.join('\nUNION ALL\n')}`;
}

/** Writes the all-time rows in the order of `viewColumns`. */
export function writeAllTimeRowsSql(metric: Metric, runId: number, baseFile: string | undefined, file: string): string {
  const parts = [
    `FROM ${baseFile === undefined ? noBaseRows(metric) : baseRows(metric, baseFile)}`,
    `FROM "total_${metric.name}"`,
    ...distinctMeasures(metric).map(([name]) => `FROM ${fresh(metric, name)}`),
  ];
  const columns = [
    `${runId} AS run_id`,
    'NULL AS day',
    `'all' AS grain`,
    'NULL AS bucket',
    quoted(['grouping', ...metric.dimensions]),
    ...Object.keys(metric.measures).map((name) => `CAST(coalesce(sum("${name}"), 0) AS BIGINT) AS "${name}"`),
    ...sketchColumns(metric).map(unionOfSketches),
  ];
  return `COPY (
SELECT ${columns.join(', ')}
FROM (${parts.join(' UNION ALL BY NAME ')})
GROUP BY ${quoted(['grouping', ...metric.dimensions])}
) TO ${sqlText(file)} (FORMAT csv, HEADER false)`;
}

/** The base's sketch with the new hashes put in; as it is where there are none, null where there is neither. */
function unionOfSketches(column: string): string {
  const [base, added] = [`any_value("${column}")`, `string_agg("new_${column}", '')`];
  return `'\\x' || CASE
  WHEN count("new_${column}") = 0 THEN ${base}
  WHEN count("new_${column}") = 1 AND count("${column}") = 0 THEN ${added}
  ELSE unite_sketches(coalesce(${base}, ''), ${added}) END AS "${column}"`;
}

function baseRows(metric: Metric, file: string): string {
  const columns = [
    `'grouping': 'INTEGER'`,
    ...metric.dimensions.map((name) => `'${name}': 'VARCHAR'`),
    ...Object.keys(metric.measures).map((name) => `'${name}': 'HUGEINT'`),
    ...sketchColumns(metric).map((name) => `'${name}': 'VARCHAR'`),
  ];
  return `read_csv(${sqlText(file)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', max_line_size = ${maxLineSize(metric)}, columns = {${columns.join(', ')}})`;
}

/** In bytes. DuckDB sets many times this aside, so it is no larger than a row can be. */
function maxLineSize(metric: Metric): number {
  const hexDigits = SKETCH_SIZE * HASH_TEXT_LENGTH * distinctMeasures(metric).length;
  return hexDigits + MAX_KEY_AND_NUMBERS_BYTES;
}

function noBaseRows(metric: Metric): string {
  const columns = sketchColumns(metric).map((name) => `CAST(NULL AS VARCHAR) AS "${name}"`);
  return `(SELECT ${['1 AS "grouping"', ...columns].join(', ')} WHERE false)`;
}

function newPairs(metric: Metric, name: string): string {
  return `"new_${metric.name}_${name}"`;
}

function fresh(metric: Metric, name: string): string {
  return `"fresh_${metric.name}_${name}"`;
}
