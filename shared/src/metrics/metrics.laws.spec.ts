import { describe } from '@jest/globals';
import { describeMetricLaws } from '../testing/metric-laws.contract.js';
import { loadMetrics } from './registry.js';

const metrics = await loadMetrics();

describe('the laws of metrics', () => {
  for (const metric of metrics) describeMetricLaws(metric);
});
