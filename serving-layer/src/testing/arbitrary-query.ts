import { dayOf, type Metric, MS_PER_DAY, MS_PER_HOUR, toInstantText } from '@tandem/shared';
import { answerByOracle, type OracleQuery, type OracleRow } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';

const START_MS = Date.UTC(2026, 0, 29);
const VALUES: Readonly<Record<string, readonly string[]>> = {
  category: ['books', 'toys', 'Überraschung 🎁', '__proto__', 'never seen'],
  country: ['DE', 'FR', 'never seen'],
  priority: ['1 - Critical', '2 - High', 'other', 'never seen'],
};

/** A question about a metric: as a query string, and as the oracle takes it. */
export type ArbitraryQuery = { readonly queryString: string; readonly oracle: OracleQuery };

export function aQuery(metric: Metric): fc.Arbitrary<ArbitraryQuery> {
  // Mostly unfiltered: a filter leaves little of a small log.
  const aValueOf = (name: string) =>
    fc.option(fc.constantFrom(...(VALUES[name] ?? ['DE'])), { freq: 1, nil: undefined });
  const where = fc
    .record(
      Object.fromEntries(metric.dimensions.map((name) => [name, fc.oneof(fc.constant(undefined), aValueOf(name))])),
    )
    .map((values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)));
  const bounds = fc.option(fc.tuple(fc.nat(7 * 24), fc.integer({ min: 1, max: 24 * 5 }), fc.boolean(), fc.boolean()));
  return fc
    .record({
      where,
      groupBy: fc.subarray([...metric.dimensions]),
      granularity: fc.constantFrom(undefined, undefined, 'hour' as const, 'day' as const),
      bounds,
    })
    .map(({ where, groupBy, granularity, bounds }) => {
      const width = granularity === 'day' ? MS_PER_DAY : MS_PER_HOUR;
      const from = bounds?.[2] ? START_MS + Math.floor((bounds[0] * MS_PER_HOUR) / width) * width : undefined;
      const to = bounds?.[3] ? (from ?? START_MS) + Math.ceil((bounds[1] * MS_PER_HOUR) / width) * width : undefined;
      const oracle: OracleQuery = {
        where: where as Record<string, string>,
        groupBy,
        ...(granularity ? { granularity } : {}),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      return { queryString: queryStringOf(oracle), oracle };
    });
}

export function queryStringOf({ where = {}, groupBy = [], granularity, from, to }: OracleQuery): string {
  const parameters = new URLSearchParams(where);
  if (groupBy.length > 0) parameters.set('group_by', groupBy.join(','));
  if (granularity) parameters.set('granularity', granularity);
  if (from !== undefined) parameters.set('from', from % MS_PER_DAY === 0 ? dayOf(from) : toInstantText(from));
  if (to !== undefined) parameters.set('to', toInstantText(to));
  return parameters.toString();
}

/** What the oracle answers, in a form to compare with: by group, every value in ten-thousandths or as a count. */
export function expectedOf(metric: Metric, events: Parameters<typeof answerByOracle>[1], query: OracleQuery) {
  const { groupBy = [] } = query;
  return Object.fromEntries(
    answerByOracle(metric, events, query).map((row) => [groupName(row, groupBy), textValues(row.values)]),
  );
}

function groupName({ bucket, group }: OracleRow, groupBy: readonly string[]): string {
  return JSON.stringify([...groupBy.map((name) => group[name] ?? ''), bucket]);
}

function textValues(values: OracleRow['values']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
