import { offsetsToJson, toInstantText } from '@tandem/shared';
import type { Answer, Line } from './answer-query.js';
import { type CsvValue, toCsv } from './csv.js';
import { toExactJson } from './exact-json.js';
import { explain } from './explain.js';
import { type Group, isGrouped } from './query/group.js';
import { nameValues, valueNames } from './query/name-values.js';
import type { Layer, Query } from './query/query.js';

/** How old an answer's halves are. */
export type Freshness = {
  readonly batch_age_ms: number;
  /** Records in the log that the realtime view has not applied yet; null when it has not begun, or the log is away. */
  readonly speed_lag_events: number | null;
};

/** A rendered answer: the freshness, which changes from one request to the next, stands between `head` and `tail`. */
export type RenderedAnswer = { readonly head: string; readonly tail: string };

/** The JSON of an answer. */
export function renderJson(answer: Answer): RenderedAnswer {
  const { query, run, approximate } = answer;
  const head = toExactJson({
    metric: query.metric.name,
    ...describeQuery(query),
    ...(isGrouped(query)
      ? { groups: answer.lines.map((line) => renderLine(query, line)) }
      : renderFirst(query, answer)),
    boundary: { run: run.id, published_at: run.publishedAt.toISOString(), offsets: offsetsToJson(run.boundary) },
  });
  const tail = toExactJson({ approximate, ...statusOf(query), ...(query.explain ? { explain: explain(answer) } : {}) });
  // Two objects become one around the freshness: the end of the first and the beginning of the second are cut off.
  return { head: `${head.slice(0, -1)},"freshness":`, tail: `,${tail.slice(1)}` };
}

/** The CSV of an answer: one row per group, one column per value and layer; plain names when one layer was asked for. */
export function renderCsv({ query, lines }: Answer): string {
  const names = valueNames(query.metric);
  const header = query.layers.flatMap((layer) => names.map((name) => columnName(query, layer, name)));
  const rows = lines.map(({ group, layers }) => [
    ...groupFields(query, group),
    ...query.layers.flatMap((layer) => Object.values(nameValues(query.metric, layers[layer] ?? []))),
  ]);
  return toCsv([...groupColumns(query), ...header], rows);
}

/**
 * `complete`: the answer stands for everything from the beginning of the log. `partial`: one layer's half was asked for,
 * and `covers` says which.
 */
export function statusOf({ layers }: Query): { readonly status: 'complete' | 'partial'; readonly covers?: string } {
  if (layers.includes('merged')) return { status: 'complete' };
  const covers = layers.includes('batch') ? 'the log below the boundary' : 'the log from the boundary on';
  return { status: 'partial', covers };
}

/** The question as it was understood. */
export function describeQuery({ where, groupBy, range, granularity }: Query): Readonly<Record<string, unknown>> {
  const filters = where.map(({ dimension, values }) => [dimension, values.length === 1 ? values[0] : values]);
  return {
    where: Object.fromEntries(filters),
    ...(groupBy.length > 0 ? { group_by: groupBy } : {}),
    ...(granularity ? { granularity } : {}),
    ...(range && range.fromMs !== null ? { from: toInstantText(range.fromMs) } : {}),
    ...(range && range.toMs !== null ? { to: toInstantText(range.toMs) } : {}),
  };
}

export function groupColumns({ groupBy, granularity }: Query): readonly string[] {
  return [...groupBy, ...(granularity ? ['bucket'] : [])];
}

export function groupFields({ granularity }: Query, { values, bucketMs }: Group): readonly CsvValue[] {
  return [...values, ...(granularity && bucketMs !== null ? [toInstantText(bucketMs)] : [])];
}

function renderLine(query: Query, { group, layers }: Line): Readonly<Record<string, unknown>> {
  const fields = groupFields(query, group);
  const named = Object.fromEntries(groupColumns(query).map((column, index) => [column, fields[index]]));
  const shown = query.layers.map((layer) => [layer, nameValues(query.metric, layers[layer] ?? [])]);
  return { ...named, ...Object.fromEntries(shown) };
}

function renderFirst(query: Query, { lines }: Answer): Readonly<Record<string, unknown>> {
  const line = lines[0];
  return line ? renderLine(query, line) : {};
}

function columnName({ layers }: Query, layer: Layer, name: string): string {
  return layers.length === 1 ? name : `${layer}_${name}`;
}
