import { offsetsToJson } from '@tandem/shared';
import type { Comparison } from './compare.js';
import type { Compared, Stretch } from './compare-stretch.js';
import { type CsvValue, toCsv } from './csv.js';
import { toExactJson } from './exact-json.js';
import { type Amounts, differenceNames, nameDifferences } from './query/differences.js';
import type { Query } from './query/query.js';
import { describeQuery } from './render-answer.js';

const SIDES = ['speed', 'batch', 'drift'] as const;

/** The JSON of a comparison: what each layer added in the stretch, per group and in total, and why they differ. */
export function renderComparisonJson({ query, closed, run, live }: Comparison): string {
  return toExactJson({
    metric: query.metric.name,
    ...describeQuery(query),
    closed: closed
      ? {
          from_run: closed.before.id,
          to_run: run.id,
          ...renderStretch(query, closed),
          causes: { ...closed.causes, sketch_error: sketchError(query, closed) },
        }
      : null,
    ...(closed ? {} : { note: 'No stretch is closed yet: two published runs are needed.' }),
    live: { from_run: run.id, ...renderStretch(query, live) },
  });
}

/** The CSV of a comparison: stretch, row (group or total), dimensions, then each value by speed, by batch, and the drift. */
export function renderComparisonCsv({ query, closed, live }: Comparison): string {
  const names = differenceNames(query.metric);
  const header = [
    'stretch',
    'row',
    ...query.groupBy,
    ...names.flatMap((name) => SIDES.map((side) => `${side}_${name}`)),
  ];
  const rowsOf = (label: string, stretch: Stretch) =>
    [...stretch.groups, stretch.total].map((compared) => csvRow(query, label, compared));
  return toCsv(header, [...(closed ? rowsOf('closed', closed) : []), ...rowsOf('live', live)]);
}

function renderStretch(query: Query, stretch: Stretch): Readonly<Record<string, unknown>> {
  const { duplicate, unchecked, invalid } = stretch.speedTally;
  return {
    from: offsetsToJson(stretch.from),
    to: offsetsToJson(stretch.to),
    records: stretch.records,
    speed_duplicates: duplicate,
    speed_unchecked: unchecked,
    speed_invalid: invalid,
    total: renderCompared(query, stretch.total),
    ...(query.groupBy.length > 0 ? { groups: stretch.groups.map((compared) => renderCompared(query, compared)) } : {}),
    approximate: stretch.approximate,
  };
}

function renderCompared(query: Query, { group, speed, batch, drift }: Compared): Readonly<Record<string, unknown>> {
  const named = query.groupBy.map((dimension, index) => [dimension, group?.values[index] ?? null]);
  return {
    ...(group ? Object.fromEntries(named) : {}),
    speed: nameDifferences(query.metric, speed),
    ...(batch ? { batch: nameDifferences(query.metric, batch) } : {}),
    ...(drift ? { drift: nameDifferences(query.metric, drift) } : {}),
  };
}

/** The drift of the distinct counts that are estimates: what the sketch got wrong. */
function sketchError(query: Query, { total, approximate }: Stretch): Readonly<Record<string, unknown>> {
  const drift = total.drift ? nameDifferences(query.metric, total.drift) : {};
  const estimated = Object.entries(query.metric.measures).filter(
    ([name, { kind }]) => kind === 'distinct' && typeof approximate[name] === 'number',
  );
  return Object.fromEntries(estimated.map(([name]) => [name, drift[name]]));
}

function csvRow(query: Query, stretch: string, compared: Compared): readonly CsvValue[] {
  const valuesOf = (amounts: Amounts | null) => (amounts ? nameDifferences(query.metric, amounts) : {});
  const sides = { speed: valuesOf(compared.speed), batch: valuesOf(compared.batch), drift: valuesOf(compared.drift) };
  const dimensions = query.groupBy.map((_, index) => compared.group?.values[index] ?? null);
  const values = differenceNames(query.metric).flatMap((name) => SIDES.map((side) => sides[side][name] ?? null));
  return [stretch, compared.group ? 'group' : 'total', ...dimensions, ...values];
}
