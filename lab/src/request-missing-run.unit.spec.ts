import { describe, expect, it } from '@jest/globals';
import { count, defineMetric, definitionHash } from '@tandem/shared';
import { outdatedMetrics } from './request-missing-run.js';

const metric = defineMetric({
  name: 'refund_count',
  description: 'Refunds by country.',
  dimensions: ['country'],
  measures: { refunds: count(['order_refunded']) },
  derived: {},
});

const run = (definitions: Record<string, string> | null) => ({
  id: 1,
  boundary: [0],
  publishedAt: new Date(0),
  definitions,
});

describe('metrics that the current run does not carry', () => {
  it('are those that it has no definition of', () => {
    expect(outdatedMetrics(run({}), [metric])).toEqual(['refund_count']);
  });

  it('are those that were defined otherwise', () => {
    expect(outdatedMetrics(run({ refund_count: '00000000' }), [metric])).toEqual(['refund_count']);
  });

  it('are none when it was computed with the definitions of today', () => {
    expect(outdatedMetrics(run({ refund_count: definitionHash(metric) }), [metric])).toEqual([]);
  });

  it('are none in the empty run, which is right for every definition', () => {
    expect(outdatedMetrics(run(null), [metric])).toEqual([]);
  });
});
