import { dayOf, type Metric, viewTableName } from '@tandem/shared';
import type { Query } from '../../query/query.js';
import type { RowSource } from '../../query/row-sources.js';

/** SQL text and the values bound to it. Names in the text come from metric definitions alone, never from a request. */
export type Statement = { readonly text: string; readonly values: readonly unknown[] };

/** The groups of a query with their rows added up. Columns: the dimensions grouped by, bucket_ms, row_count, measures. */
export function sumsSql(query: Query, runId: number, sources: readonly RowSource[], maxRows: number): Statement {
  const values: unknown[] = [runId];
  const measures = Object.keys(query.metric.measures).map((name) => `coalesce(sum("${name}"), 0)::text AS "${name}"`);
  const columns = [...groupColumns(query), 'count(*)::int AS row_count', ...measures];
  return {
    text: `SELECT ${columns.join(', ')}
FROM (${rowsOf(query, sources, values)}) r
${groupBy(query)}
LIMIT ${bind(values, maxRows)}`,
    values,
  };
}

/** How many groups `sumsSql` would give without its limit. */
export function groupCountSql(query: Query, runId: number, sources: readonly RowSource[]): Statement {
  const values: unknown[] = [runId];
  return {
    text: `SELECT count(*)::int AS groups
FROM (SELECT FROM (${rowsOf(query, sources, values)}) r ${groupBy(query)}) g`,
    values,
  };
}

/** The rows that carry sketches, one by one. Columns: the dimensions grouped by, bucket_ms, the sketches. */
export function sketchRowsSql(query: Query, runId: number, sources: readonly RowSource[]): Statement {
  const values: unknown[] = [runId];
  const sketches = Object.entries(query.metric.measures).flatMap(([name, { kind }]) =>
    kind === 'distinct' ? [`"${name}_sketch"`] : [],
  );
  const columns = [...groupColumns(query), ...sketches];
  return { text: `SELECT ${columns.join(', ')} FROM (${rowsOf(query, sources, values)}) r`, values };
}

function groupColumns({ groupBy, granularity }: Query): readonly string[] {
  const bucket = granularity === null ? [] : ['(extract(epoch FROM r.bucket) * 1000)::bigint::text AS bucket_ms'];
  return [...groupBy.map((name) => `r."${name}"`), ...bucket];
}

function groupBy({ groupBy, granularity }: Query): string {
  const columns = [...groupBy.map((name) => `r."${name}"`), ...(granularity === null ? [] : ['r.bucket'])];
  return columns.length === 0 ? '' : `GROUP BY ${columns.join(', ')}`;
}

function rowsOf(query: Query, sources: readonly RowSource[], values: unknown[]): string {
  return sources.map((source) => sourceSql(query, source, values)).join('\nUNION ALL\n');
}

/** Rows of grain `all` belong to the run itself; of each day, those of the run that computed the day for this one. */
function sourceSql({ metric, where }: Query, source: RowSource, values: unknown[]): string {
  const conditions = [
    `r.grain = ${bind(values, source.grain)}`,
    `r."grouping" = ${bind(values, source.grouping)}::smallint`,
    ...(source.grain === 'all'
      ? ['r.run_id = $1', 'r.day IS NULL']
      : ['d.run_id = $1', ...timeConditions(source, values)]),
    ...where.map((filter) => `r."${filter.dimension}" = ANY(${bind(values, filter.values)}::text[])`),
  ];
  return `SELECT r.* FROM ${from(metric, source)} WHERE ${conditions.join(' AND ')}`;
}

function from(metric: Metric, { grain }: RowSource): string {
  const table = viewTableName(metric);
  if (grain === 'all') return `${table} r`;
  return `tandem.run_day d JOIN ${table} r ON r.day = d.day AND r.run_id = d.computed_by`;
}

/** The day lets the index work; the bucket is what counts. */
function timeConditions({ fromMs, toMs }: RowSource, values: unknown[]): readonly string[] {
  const conditions: string[] = [];
  if (fromMs !== null) {
    conditions.push(`r.day >= ${bind(values, dayOf(fromMs))}::date`);
    conditions.push(`r.bucket >= ${bind(values, new Date(fromMs))}::timestamptz`);
  }
  if (toMs !== null) {
    conditions.push(`r.day <= ${bind(values, dayOf(toMs - 1))}::date`);
    conditions.push(`r.bucket < ${bind(values, new Date(toMs))}::timestamptz`);
  }
  return conditions;
}

function bind(values: unknown[], value: unknown): string {
  values.push(value);
  return `$${values.length}`;
}
