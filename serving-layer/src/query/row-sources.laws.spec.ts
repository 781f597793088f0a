import { describe, expect, it } from '@jest/globals';
import { fullGrouping, loadMetrics, MS_PER_DAY, MS_PER_HOUR, rowCarriesSketch } from '@tandem/shared';
import fc from 'fast-check';
import { aQuery } from '../testing/arbitrary-query.js';
import { refundMetric } from '../testing/refund-metric.js';
import { metricQueryParser } from './parse-query.js';
import { numberSources, type RowSource, sketchSources } from './row-sources.js';

const metrics = [...(await loadMetrics()), refundMetric];

function covers({ fromMs, toMs }: Pick<RowSource, 'fromMs' | 'toMs'>, ms: number): boolean {
  return (fromMs === null || ms >= fromMs) && (toMs === null || ms < toMs);
}

describe('the rows of an answer', () => {
  for (const metric of metrics) {
    const parse = metricQueryParser(metric);

    it(`cover every hour of the range once and no other, for ${metric.name}`, () => {
      fc.assert(
        fc.property(aQuery(metric), fc.nat(14 * 24), ({ queryString, oracle }, hour) => {
          const ms = Date.UTC(2026, 0, 25) + hour * MS_PER_HOUR;
          const isAsked = covers({ fromMs: oracle.from ?? null, toMs: oracle.to ?? null }, ms);
          const query = parse(queryString);
          for (const sources of [numberSources(query), sketchSources(query)]) {
            expect(sources.filter((source) => covers(source, ms))).toHaveLength(isAsked ? 1 : 0);
          }
        }),
      );
    });

    it(`are whole days only where a whole day is asked for, for ${metric.name}`, () => {
      fc.assert(
        fc.property(aQuery(metric), ({ queryString }) => {
          for (const { grain, fromMs, toMs } of numberSources(parse(queryString))) {
            if (grain === 'day') expect([(fromMs ?? 0) % MS_PER_DAY, (toMs ?? 0) % MS_PER_DAY]).toEqual([0, 0]);
          }
        }),
      );
    });

    it(`carry a sketch where sketches are read, for ${metric.name}`, () => {
      fc.assert(
        fc.property(aQuery(metric), ({ queryString }) => {
          for (const { grain, grouping } of sketchSources(parse(queryString))) {
            expect(rowCarriesSketch(metric, grain, grouping)).toBe(true);
          }
        }),
      );
    });
  }

  it('are one row per group for everything, for one day and for one hour, so that distinct counts are exact', () => {
    const parse = metricQueryParser(refundMetric);
    expect(numberSources(parse(''))).toEqual([{ grain: 'all', grouping: 0, fromMs: null, toMs: null }]);
    expect(numberSources(parse('country=DE')).map(({ grouping }) => grouping)).toEqual([fullGrouping(refundMetric)]);
    expect(numberSources(parse('from=2026-01-01&to=2026-01-02')).map(({ grain }) => grain)).toEqual(['day']);
    expect(numberSources(parse('from=2026-01-01&to=2026-01-01T01:00:00Z')).map(({ grain }) => grain)).toEqual(['hour']);
    expect(numberSources(parse('from=2026-01-01T23:00:00Z&to=2026-01-02')).map(({ grain }) => grain)).toEqual(['hour']);
  });
});
