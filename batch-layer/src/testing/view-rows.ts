import {
  DistinctSketch,
  type Event,
  encodeSketch,
  fullGrouping,
  hashOf,
  type Metric,
  rowCarriesSketch,
  sketchColumns,
  viewTableName,
} from '@tandem/shared';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { answerByOracle } from '@tandem/shared/testing/oracle';

/** A row of a batch view as one line of text, so that views compare as sets: key, measures, sketches. */
export type RowText = string;

/** The rows of the current run's view of one metric, sorted. */
export async function currentRows(database: Database, metric: Metric): Promise<readonly RowText[]> {
  const columns = [
    'grain',
    'extract(epoch FROM bucket)::bigint * 1000 AS bucket',
    '"grouping"',
    ...metric.dimensions.map((name) => `"${name}"`),
    ...Object.keys(metric.measures).map((name) => `"${name}"`),
    ...sketchColumns(metric).map((name) => `encode("${name}", 'hex') AS "${name}"`),
  ];
  const { rows } = await database.query<Record<string, string | number | null>>(`
    SELECT ${columns.join(', ')} FROM ${viewTableName(metric)} r CROSS JOIN tandem.batch_current c
    WHERE CASE WHEN r.day IS NULL THEN r.run_id = c.run_id
      ELSE (c.run_id, r.day, r.run_id) IN (SELECT run_id, day, computed_by FROM tandem.run_day) END`);
  return rows.map((row) => JSON.stringify(Object.values(row).map((value) => value && String(value)))).sort();
}

/** The rows that a right batch layer publishes for these events, from the oracle, sorted. */
export function expectedRows(metric: Metric, events: readonly Event[]): readonly RowText[] {
  const groupings = Array.from({ length: fullGrouping(metric) + 1 }, (_, grouping) => grouping);
  const grains = ['hour', 'day', 'all'] as const;
  return grains
    .flatMap((grain) => groupings.flatMap((grouping) => expectedGroupRows(metric, events, grain, grouping)))
    .sort();
}

function expectedGroupRows(
  metric: Metric,
  events: readonly Event[],
  grain: 'hour' | 'day' | 'all',
  grouping: number,
): readonly RowText[] {
  const kept = metric.dimensions.filter((_, index) => (grouping >> index) % 2 === 1);
  const mine = events.filter(({ type }) => Object.values(metric.measures).some(({ of }) => of.includes(type)));
  if (mine.length === 0) return [];
  const query = { groupBy: kept, ...(grain === 'all' ? {} : { granularity: grain }) };
  return answerByOracle(metric, mine, query).map(({ bucket, group, values }) => {
    const cells = [
      grain,
      bucket,
      grouping,
      ...metric.dimensions.map((name) => group[name] ?? null),
      ...Object.keys(metric.measures).map((name) => values[name] ?? 0n),
      ...expectedSketches(metric, mine, grain, grouping, bucket, group),
    ];
    return JSON.stringify(cells.map((value) => value && String(value)).map((value) => (value === 0n ? '0' : value)));
  });
}

/** In hexadecimal; null where the row carries none, or no value was seen. */
function expectedSketches(
  metric: Metric,
  events: readonly Event[],
  grain: 'hour' | 'day' | 'all',
  grouping: number,
  bucket: number | null,
  group: Readonly<Record<string, string>>,
): readonly (string | null)[] {
  const span = grain === 'hour' ? 3_600_000 : 86_400_000;
  return Object.values(metric.measures).flatMap((measure) => {
    if (measure.kind !== 'distinct') return [];
    if (!rowCarriesSketch(metric, grain, grouping)) return [null];
    const hashes = events.flatMap((event) => {
      const fields = event as unknown as Record<string, string | null | undefined>;
      const isInGroup = Object.entries(group).every(
        ([name, value]) => String(fields[measure.by?.[name as never] ?? name]) === value,
      );
      const isInBucket = bucket === null || Math.floor(event.occurred_at / span) * span === bucket;
      const value = fields[measure.field ?? ''];
      const counts = measure.of.includes(event.type) && isInGroup && isInBucket && value != null;
      return counts ? [hashOf(value)] : [];
    });
    return [hashes.length === 0 ? null : encodeSketch(DistinctSketch.of(hashes)).toString('hex')];
  });
}
