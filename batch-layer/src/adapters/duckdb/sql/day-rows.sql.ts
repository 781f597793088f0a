import { dimensionField, type Measure, type Metric, sketchColumns } from '@tandem/shared';
import { sqlText } from '../open-duckdb.js';
import { quoted } from './event-columns.js';
import {
  additiveMeasures,
  dictionaryOf,
  distinctMeasures,
  type Group,
  groupsOf,
  isOneOf,
  keyColumns,
  type NamedMeasure,
  SKETCH_SQL,
} from './metric-parts.js';

/** The statements that turn the events that count (table `winner`) into a metric's rows of grain hour and day. */

/** Table `cell`: sums and counts per hour and tuple of dimension values. One part per place where dimensions stand. */
export function makeCellsSql(metric: Metric): string {
  const parts = measuresByPlace(metric).map((measures) => {
    const [first] = measures;
    const types = [...new Set(measures.flatMap(([, measure]) => measure.of))];
    const columns = ['hour', ...(first ? dimensionColumns(metric, first[1]) : []), ...measures.flatMap(additiveColumn)];
    return `SELECT ${columns.join(', ')}\nFROM winner WHERE ${isOneOf(types)} GROUP BY ALL`;
  });
  return `CREATE OR REPLACE TEMP TABLE cell AS\n${parts.join('\nUNION ALL BY NAME\n')}`;
}

/** A measure's dimensions under their names, from the fields where its events have them. */
function dimensionColumns(metric: Metric, measure: Measure): string[] {
  return metric.dimensions.map((dimension) => `"${dimensionField(measure, dimension)}_dimension" AS "${dimension}"`);
}

/** Measures that find their dimensions in the same fields stand together. */
function measuresByPlace(metric: Metric): readonly (readonly NamedMeasure[])[] {
  const places = new Map<string, NamedMeasure[]>();
  for (const [name, measure] of Object.entries(metric.measures)) {
    const place = String(metric.dimensions.map((dimension) => dimensionField(measure, dimension)));
    places.set(place, [...(places.get(place) ?? []), [name, measure]]);
  }
  return [...places.values()];
}

function additiveColumn([name, measure]: NamedMeasure): string[] {
  if (measure.kind === 'distinct') return [];
  const aggregate = measure.kind === 'sum' ? `sum("${measure.field}_value")` : 'count(*)';
  return [`${aggregate} FILTER (${isOneOf(measure.of)}) AS "${name}"`];
}

/** Table `summed`: the cells rolled up to every group. */
export function rollUpSql(metric: Metric): string {
  const sums = additiveMeasures(metric).map(([name]) => `sum("${name}") AS "${name}"`);
  const parts = groupsOf(metric, ['hour', 'day']).map(
    ({ key }) => `SELECT ${[key, ...sums].join(', ')} FROM cell GROUP BY ALL`,
  );
  return `CREATE OR REPLACE TEMP TABLE summed AS\n${parts.join('\nUNION ALL\n')}`;
}

/** Table `pair`: which value occurs in which cell. */
export function makePairsSql(metric: Metric, [, measure]: NamedMeasure): string {
  const value = `"${measure.field}_value"`;
  const columns = ['hour', ...dimensionColumns(metric, measure), `${value} AS value`];
  return `CREATE OR REPLACE TEMP TABLE pair AS
SELECT ${columns.join(', ')}, bool_or(is_new) AS is_new
FROM winner WHERE ${isOneOf(measure.of)} AND ${value} IS NOT NULL GROUP BY ALL`;
}

/** Table `dictionary`: each value once, with a number to count it by. */
export function makeDictionarySql(source: string): string {
  return `CREATE OR REPLACE TEMP TABLE dictionary AS\n${dictionaryOf(`SELECT DISTINCT value FROM ${source}`)}`;
}

/** Table `coded_pair`: the pairs with numbers in place of values, which are ten times cheaper to group. */
export function codePairsSql(metric: Metric): string {
  return `CREATE OR REPLACE TEMP TABLE coded_pair AS
SELECT ${quoted(['hour', ...metric.dimensions])}, id FROM pair JOIN dictionary USING (value)`;
}

/** Table `counted_<measure>`: the exact number of distinct values of every group, and its sketch where it has one. */
export function countDistinctSql(metric: Metric, [name]: NamedMeasure): string {
  const parts = groupsOf(metric, ['hour', 'day']).map((group) => {
    const sketch = group.carriesSketch ? SKETCH_SQL : 'CAST(NULL AS VARCHAR)';
    return `SELECT ${rowKey(metric, group)}, count(*) AS "${name}", ${sketch} AS "${name}_sketch"
FROM (${distinctIds(metric, group)}) GROUP BY ${['bucket', ...group.kept.map((kept) => `"${kept}"`)].join(', ')}`;
  });
  return `CREATE OR REPLACE TEMP TABLE "counted_${name}" AS\n${parts.join('\nUNION ALL\n')}`;
}

/** The ids of each group, once. Constants stay out: they would be compared too. At the finest grain pairs are distinct. */
function distinctIds(metric: Metric, { grain, kept, bucket }: Group): string {
  const isFinest = grain === 'hour' && kept.length === metric.dimensions.length;
  const columns = [`${bucket} AS bucket`, quoted([...kept, 'id'])];
  return `SELECT ${isFinest ? '' : 'DISTINCT '}${columns.join(', ')} FROM coded_pair`;
}

function rowKey(metric: Metric, { grain, grouping, kept }: Group): string {
  const dimensions = metric.dimensions.map((name) => (kept.includes(name) ? `"${name}"` : `NULL AS "${name}"`));
  return [`'${grain}' AS grain`, 'bucket', `${grouping} AS "grouping"`, ...dimensions].join(', ');
}

/** Writes the rows of grain hour and day of this chunk, in the order of `viewColumns`. */
export function writeDayRowsSql(metric: Metric, runId: number, file: string): string {
  const parts = ['summed', ...distinctMeasures(metric).map(([name]) => `"counted_${name}"`)];
  const columns = [
    `${runId} AS run_id`,
    'CAST(epoch_ms(bucket) AS DATE) AS day',
    'grain',
    'epoch_ms(bucket) AS bucket_start',
    quoted(['grouping', ...metric.dimensions]),
    ...measureColumns(metric),
  ];
  return `COPY (
SELECT ${columns.join(', ')}
FROM (${parts.map((part) => `FROM ${part}`).join(' UNION ALL BY NAME ')})
GROUP BY ${keyColumns(metric)}
) TO ${sqlText(file)} (FORMAT csv, HEADER false)`;
}

/** Each measure over the parts that hold it, as bigint: a sum that does not fit raises an error. Then the sketches. */
function measureColumns(metric: Metric): string[] {
  return [
    ...Object.keys(metric.measures).map((name) => `CAST(coalesce(sum("${name}"), 0) AS BIGINT) AS "${name}"`),
    ...sketchColumns(metric).map((name) => `'\\x' || any_value("${name}") AS "${name}"`),
  ];
}
