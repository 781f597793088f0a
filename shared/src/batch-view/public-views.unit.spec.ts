import { describe, expect, it } from '@jest/globals';
import { defineMetric } from '../metrics/define-metric.js';
import { count, distinct, type Metric, ratio, sum, total } from '../metrics/metric.js';
import { loadMetrics, refuseSharedViewNames } from '../metrics/registry.js';
import { publicViewNames, publicViewsOf } from './public-views.js';

const metric = defineMetric({
  name: 'sales',
  description: 'What was sold.',
  dimensions: ['category', 'country'],
  measures: {
    gross: sum('amount', ['order_placed']),
    lines: count(['order_placed']),
    buyers: distinct('customer_id', ['order_placed']),
  },
  derived: {
    doubled: total(['gross', 'gross']),
    strangers: total(['lines'], ['buyers']),
    average: ratio('gross', 'lines'),
  },
});

/** What the view of a grain says of a column. */
const said = (view: number, column: string) =>
  publicViewsOf(metric)[view]?.columns.find(({ name }) => name === column)?.comment;

describe('the public views of a metric', () => {
  it('that can be summed have a bucket and all dimensions as their key, and neither grain nor grouping', () => {
    const values = ['gross', 'lines', 'buyers', 'doubled', 'strangers', 'average'];
    expect(publicViewsOf(metric).map(({ name, columns }) => [name, columns.map((column) => column.name)])).toEqual([
      ['sales', ['grain', 'bucket', 'grouping', 'category', 'country', ...values]],
      ['sales_hourly', ['bucket', 'day', 'category', 'country', ...values]],
      ['sales_daily', ['bucket', 'day', 'category', 'country', ...values]],
      ['sales_total', ['category', 'country', ...values]],
    ]);
  });

  it('say of every column what it is, and which can be summed over rows', () => {
    for (const view of publicViewsOf(metric)) {
      expect(view.comment).toContain('What was sold.');
      for (const { comment } of view.columns) expect(comment).toMatch(/^.{10,}\.$/);
    }
    const sums = ['gross', 'lines', 'doubled'];
    const others = ['buyers', 'strangers', 'average'];
    for (const view of [1, 2, 3]) {
      for (const name of sums) expect(said(view, name)).toContain('Can be summed over rows.');
      for (const name of others) expect(said(view, name)).toContain('Cannot be summed');
    }
    for (const name of sums) expect(said(0, name)).toContain('one grain and one grouping only');
    expect(said(0, 'grouping')).toContain('0 for none, 1 for category, 2 for country');
    expect(said(1, 'gross')).toContain('Sum of amount in order_placed, in currency units');
    expect(said(1, 'strangers')).toMatch(/^lines - buyers\./);
  });

  it('have names within the 63 bytes of Postgres, and columns too', async () => {
    const longest = 'x'.repeat(40);
    for (const { name } of publicViewsOf(defineMetric({ ...metric, name: longest }))) {
      expect(Buffer.byteLength(name)).toBeLessThan(63);
    }
  });

  it.each(['_hourly', '_daily', '_total'])(
    'are refused where another metric is named like one of them: %s',
    (suffix) => {
      const named = (name: string): Metric => ({ ...metric, name });
      expect(() => refuseSharedViewNames([named('sales'), named(`sales${suffix}`)])).toThrow(
        expect.objectContaining({
          code: 'definition-invalid',
          message: expect.stringContaining(`sales and sales${suffix}`),
        }),
      );
      expect(() => refuseSharedViewNames([named('a'), named(`sales${suffix}`)])).not.toThrow();
    },
  );

  it('have names of their own in this program', async () => {
    const names = (await loadMetrics()).flatMap(({ name }) => publicViewNames(name));
    expect(new Set(names).size).toBe(names.length);
  });
});
