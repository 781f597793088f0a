import { definitionHash, unitOf } from '../metrics/define-metric.js';
import type { Derived, Metric } from '../metrics/metric.js';
import { columnComment, type Grain, viewComment } from './public-view-comments.js';
import { fullGrouping, viewTableName } from './view-table.js';

/** What a reader sees of one metric in schema `batch_view`, as values: from them come the statements that make it. */
export type PublicColumn = {
  readonly name: string;
  /** As Postgres' `format_type` writes it: a view's column keeps its type for life. */
  readonly type: string;
  /** The expression over `r`, one row of the metric's table. */
  readonly sql: string;
  readonly comment: string;
};

export type PublicView = {
  /** Without the schema. */
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly PublicColumn[];
  /** All that follows the columns, beginning with FROM. */
  readonly from: string;
};

const SUFFIXES: Readonly<Record<Grain, string>> = { cube: '', hour: '_hourly', day: '_daily', all: '_total' };
const GRAINS = Object.keys(SUFFIXES) as readonly Grain[];

/** `revenue`, `revenue_hourly`, `revenue_daily`, `revenue_total`: the cube comes first. */
export function publicViewNames(metric: string): readonly string[] {
  return GRAINS.map((grain) => `${metric}${SUFFIXES[grain]}`);
}

/**
 * The views of a metric: the cube with every grain and grouping, and three that can be summed, with one row per bucket
 * and tuple of all dimensions. They show the run that `tandem.public_view` names, in currency units.
 */
export function publicViewsOf(metric: Metric): readonly PublicView[] {
  return GRAINS.map((grain) => ({
    name: `${metric.name}${SUFFIXES[grain]}`,
    comment: viewComment(metric, grain),
    columns: columnsOf(metric, grain),
    from: grain === 'cube' ? cubeRows(metric) : rowsOfGrain(metric, grain),
  }));
}

/** The same views over the rows of a cube that is given as SQL: for tables whose definition this program never had. */
export function publicViewsOver(
  metric: string,
  cubeSql: string,
  columns: readonly PublicColumn[],
): readonly PublicView[] {
  const dimensions = columns.filter(({ name, type }) => type === 'text' && name !== 'grain');
  const comment = `${metric}, as an earlier definition of it computed it.`;
  return GRAINS.map((grain) => ({
    name: `${metric}${SUFFIXES[grain]}`,
    comment,
    columns: [
      ...(hasDay(grain) ? [DAY_OF_BUCKET] : []),
      ...columns.filter(({ name }) => grain === 'cube' || !isCubeKey(name, grain)),
    ],
    from: `FROM (${cubeSql}) r${grain === 'cube' ? '' : ` WHERE r.grain = '${grain}' AND r."grouping" = ${2 ** dimensions.length - 1}`}`,
  }));
}

const DAY_OF_BUCKET: PublicColumn = {
  name: 'day',
  type: 'date',
  sql: `(r.bucket AT TIME ZONE 'UTC')::date`,
  comment: 'The day in UTC.',
};

function isCubeKey(name: string, grain: Grain): boolean {
  return name === 'grain' || name === 'grouping' || (grain === 'all' && name === 'bucket');
}

/** The table's index finds rows by their day, and not by their bucket. */
function hasDay(grain: Grain): boolean {
  return grain === 'hour' || grain === 'day';
}

function columnsOf(metric: Metric, grain: Grain): readonly PublicColumn[] {
  const column = (name: string, type: string, sql = `r."${name}"`): PublicColumn => ({
    name,
    type,
    sql,
    comment: columnComment(metric, grain, name),
  });
  return [
    ...(grain === 'cube' ? [column('grain', 'text')] : []),
    ...(grain === 'all' ? [] : [column('bucket', 'timestamp with time zone')]),
    ...(hasDay(grain) ? [column('day', 'date')] : []),
    ...(grain === 'cube' ? [column('grouping', 'smallint')] : []),
    ...metric.dimensions.map((name) => column(name, 'text')),
    ...Object.keys(metric.measures).map((name) =>
      column(name, isMoney(metric, name) ? 'numeric(30,4)' : 'bigint', inUnits(metric, name)),
    ),
    ...Object.entries(metric.derived).map(([name, derived]) =>
      column(
        name,
        derived.kind === 'ratio' || isMoney(metric, name) ? 'numeric' : 'bigint',
        derivedSql(metric, derived),
      ),
    ),
  ];
}

/** Of each day the rows that the shown run took over or computed; of all time its own. */
function cubeRows(metric: Metric): string {
  const table = viewTableName(metric);
  return `FROM (
  SELECT r.* FROM ${shownRun(metric)} ${joinDays(table)}
  UNION ALL
  SELECT r.* FROM ${shownRun(metric)} JOIN ${table} r ON r.run_id = p.run_id AND r.day IS NULL
) r`;
}

/** The grain and the grouping are named so that the table's index finds the rows. */
function rowsOfGrain(metric: Metric, grain: Grain): string {
  const table = viewTableName(metric);
  const join = grain === 'all' ? `JOIN ${table} r ON r.run_id = p.run_id AND r.day IS NULL` : joinDays(table);
  return `FROM ${shownRun(metric)} ${join}
WHERE r.grain = '${grain}' AND r."grouping" = ${fullGrouping(metric)}`;
}

function shownRun({ name }: Metric): string {
  return `(SELECT run_id FROM tandem.public_view WHERE metric = '${name}') p`;
}

function joinDays(table: string): string {
  return `JOIN tandem.run_day d ON d.run_id = p.run_id JOIN ${table} r ON r.day = d.day AND r.run_id = d.computed_by`;
}

function isMoney(metric: Metric, name: string): boolean {
  return unitOf(metric, name) === 'money';
}

function inUnits(metric: Metric, name: string): string {
  return isMoney(metric, name) ? `(r."${name}"::numeric / 10000)::numeric(30, 4)` : `r."${name}"`;
}

function derivedSql(metric: Metric, derived: Derived): string {
  if (derived.kind === 'ratio')
    return `round((${inUnits(metric, derived.numerator)})::numeric / nullif(r."${derived.denominator}", 0), 4)`;
  const plus = derived.plus.map((name) => `+ ${inUnits(metric, name)}`);
  const minus = derived.minus.map((name) => `- ${inUnits(metric, name)}`);
  return `(0 ${[...plus, ...minus].join(' ')})`;
}

/** What is stored of a definition, so that a program that no longer has it can show its rows: after a rollback. */
export type StoredViews = { readonly metric: string; readonly hash: string; readonly views: readonly PublicView[] };

export function storedViewsOf(metric: Metric): StoredViews {
  return { metric: metric.name, hash: definitionHash(metric), views: publicViewsOf(metric) };
}
