import {
  dimensionField,
  type FieldName,
  fields,
  type Measure,
  type Metric,
  rowCarriesSketch,
  SKETCH_SIZE,
} from '@tandem/shared';
import { quoted } from './event-columns.js';

/** The parts that the statements of a metric are put together from. All names come from checked definitions. */

export type NamedMeasure = readonly [name: string, measure: Measure];

export function additiveMeasures(metric: Metric): readonly NamedMeasure[] {
  return Object.entries(metric.measures).filter(([, { kind }]) => kind !== 'distinct');
}

export function distinctMeasures(metric: Metric): readonly NamedMeasure[] {
  return Object.entries(metric.measures).filter(([, { kind }]) => kind === 'distinct');
}

/** Every field that any of the metrics sums or counts by. */
export function valueFields(metrics: readonly Metric[]): readonly FieldName[] {
  const names = metrics.flatMap(({ measures }) => Object.values(measures).flatMap(({ field }) => field ?? []));
  return [...new Set(names)];
}

/** Every field that any of the metrics takes a dimension from. */
export function dimensionFields(metrics: readonly Metric[]): readonly FieldName[] {
  const names = metrics.flatMap(({ measures, dimensions }) =>
    Object.values(measures).flatMap((measure) => dimensions.map((dimension) => dimensionField(measure, dimension))),
  );
  return [...new Set(names)];
}

/** A field as dimension value: the same text as the fold's `String(value)`, also where the event has none. */
export function dimensionText(name: FieldName): string {
  const { schema } = fields[name];
  const missing = schema.safeParse(null).success ? 'null' : schema.safeParse(undefined).success ? 'undefined' : null;
  return missing === null ? `CAST("${name}" AS VARCHAR)` : `coalesce(CAST("${name}" AS VARCHAR), '${missing}')`;
}

export function isOneOf(types: readonly string[]): string {
  return `type IN (${types.map((type) => `'${type}'`).join(', ')})`;
}

export type Grain = 'hour' | 'day' | 'all';

/** Start of the bucket in milliseconds since 1970, from the column `hour`. */
const BUCKETS: Readonly<Record<Grain, string>> = {
  hour: 'hour * 3600000',
  day: 'hour // 24 * 86400000',
  all: 'CAST(NULL AS BIGINT)',
};

export type Group = {
  readonly grain: Grain;
  readonly grouping: number;
  /** Dimensions that the group keeps. */
  readonly kept: readonly FieldName[];
  /** Start of the bucket, from the column `hour`. */
  readonly bucket: string;
  /** `grain, bucket, grouping` and every dimension, null where it is summed over. */
  readonly key: string;
  readonly carriesSketch: boolean;
};

/** Every subset of the dimensions at every grain asked for. */
export function groupsOf(metric: Metric, grains: readonly Grain[]): readonly Group[] {
  const groupings = Array.from({ length: 2 ** metric.dimensions.length }, (_, grouping) => grouping);
  return grains.flatMap((grain) => groupings.map((grouping) => groupOf(metric, grain, grouping)));
}

function groupOf(metric: Metric, grain: Grain, grouping: number): Group {
  const kept = metric.dimensions.filter((_, index) => (grouping >> index) % 2 === 1);
  const dimensions = metric.dimensions.map((name) => (kept.includes(name) ? `"${name}"` : `NULL AS "${name}"`));
  const key = [`'${grain}' AS grain`, `${BUCKETS[grain]} AS bucket`, `${grouping} AS "grouping"`, ...dimensions];
  const carriesSketch = rowCarriesSketch(metric, grain, grouping);
  return { grain, grouping, kept, bucket: BUCKETS[grain], key: key.join(', '), carriesSketch };
}

/** The columns of `Group.key`, by name. */
export function keyColumns(metric: Metric): string {
  return quoted(['grain', 'bucket', 'grouping', ...metric.dimensions]);
}

/**
 * An id begins with the hash of its value: so ids are as distinct as values, sort like the hashes, and carry them along.
 * Values that share a hash of 52 bits are told apart by the last 11 bits.
 */
const IDS_PER_HASH = 2048;

/** Each value of a query once, as `value`, with an `id` to count it by. */
export function dictionaryOf(values: string): string {
  return `SELECT value, hash * ${IDS_PER_HASH} + row_number() OVER (PARTITION BY hash) AS id
FROM (SELECT value, CAST('0x' || md5(value)[1:13] AS BIGINT) AS hash FROM (${values}))`;
}

/** A hash at rest: 7 bytes in hexadecimal, the top 4 bits zero; text sorts like the numbers. */
export const HASH_TEXT_LENGTH = 14;

/** One more digit in front, so that leading zeros are written. */
const HASH_TEXT = `hex(id // ${IDS_PER_HASH} + ${16n ** BigInt(HASH_TEXT_LENGTH)})[2:]`;

/** The sketch of a group with distinct ids: the smallest hashes, ascending, one after the other. */
export const SKETCH_SQL = `lower(array_to_string(list_transform(
  list_sort(list(id))[1:${SKETCH_SIZE}], lambda id: ${HASH_TEXT}), ''))`;
