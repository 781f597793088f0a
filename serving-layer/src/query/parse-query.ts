import { type FieldName, type Metric, MS_PER_DAY, MS_PER_HOUR, quoted, quotedValue, TandemError } from '@tandem/shared';
import { type Filter, type Format, type Granularity, LAYERS, type Query, type TimeRange } from './query.js';
import { compareQuerySchema, metricQuerySchema, readInstant } from './query-schema.js';
import { type Collected, checkParameters, readParameters } from './read-parameters.js';

/** Turns the query string (without its "?") of GET /metrics/<metric> into a query. Throws `request-invalid`. */
export type QueryParser = (queryString: string) => Query;

export function metricQueryParser(metric: Metric): QueryParser {
  const schema = metricQuerySchema(metric);
  return (queryString) => {
    const parameters = checkParameters(schema, collect(metric, queryString));
    const granularity = parameters.granularity ?? null;
    return {
      ...filters(metric, parameters),
      range: rangeOf(parameters.from, parameters.to, granularity),
      granularity,
      layers: parameters.layer ? [parameters.layer] : LAYERS,
      ...formOf(parameters),
      explain: parameters.explain === '1',
    };
  };
}

/** The same for GET /compare/<metric>, which knows filters and grouping only. */
export function compareQueryParser(metric: Metric): QueryParser {
  const schema = compareQuerySchema(metric);
  return (queryString) => {
    const parameters = checkParameters(schema, collect(metric, queryString));
    return {
      ...filters(metric, parameters),
      range: null,
      granularity: null,
      layers: LAYERS,
      ...formOf(parameters),
      explain: false,
    };
  };
}

/** Query string to object: dimensions and group_by as arrays; anything else as text, or as an array if repeated. */
function collect(metric: Metric, queryString: string): Collected {
  const entries = [...readParameters(queryString)].map(([name, values]) => {
    if (name === 'group_by') return [name, values.flatMap((value) => value.split(','))];
    const isRepeatable = metric.dimensions.some((dimension) => dimension === name);
    return [name, isRepeatable || values.length > 1 ? values : values[0]];
  });
  return Object.fromEntries(entries);
}

function formOf({ format, bom }: { readonly format: Format; readonly bom: '0' | '1' }): Pick<Query, 'format' | 'bom'> {
  if (bom === '1' && format !== 'csv') {
    throw new TandemError('request-invalid', 'bom: found "1" for JSON; allowed is it for CSV: add format=csv', {
      facts: { parameter: 'bom' },
    });
  }
  return { format, bom: bom === '1' };
}

type Filtered = { readonly group_by?: readonly FieldName[] | undefined };

function filters(metric: Metric, parameters: Filtered): Pick<Query, 'metric' | 'where' | 'groupBy'> {
  const given = parameters as Readonly<Partial<Record<FieldName, readonly string[]>>>;
  const where = metric.dimensions.flatMap((dimension): Filter[] => {
    const values = given[dimension];
    return values ? [{ dimension, values: [...new Set(values)].sort() }] : [];
  });
  return { metric, where, groupBy: metric.dimensions.filter((name) => parameters.group_by?.includes(name)) };
}

function rangeOf(from: string | undefined, to: string | undefined, granularity: Granularity | null): TimeRange | null {
  if (from === undefined && to === undefined) return null;
  const range = { fromMs: aligned('from', from, granularity), toMs: aligned('to', to, granularity) };
  if (range.fromMs !== null && range.toMs !== null && range.fromMs >= range.toMs) {
    throw new TandemError(
      'request-invalid',
      `from: found ${quotedValue(from)}, to: found ${quotedValue(to)}; allowed is a from before the to`,
      {
        facts: { parameter: 'from', from, to },
      },
    );
  }
  return range;
}

function aligned(parameter: 'from' | 'to', text: string | undefined, granularity: Granularity | null): number | null {
  if (text === undefined) return null;
  const ms = readInstant(text) ?? Number.NaN;
  const width = granularity === 'day' ? MS_PER_DAY : MS_PER_HOUR;
  if (ms % width === 0) return ms;
  const allowed = granularity === 'day' ? 'the start of a day (00:00 UTC)' : 'a full hour (UTC)';
  throw new TandemError('request-invalid', `${parameter}: found ${quoted(text)}; allowed is ${allowed}`, {
    facts: { parameter, allowed },
  });
}
