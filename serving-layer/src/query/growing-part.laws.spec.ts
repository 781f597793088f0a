import { describe, expect, it } from '@jest/globals';
import { decodeEvent, loadMetrics } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { type ArbitraryRecord, aLog } from '@tandem/shared/testing/arbitraries';
import fc from 'fast-check';
import { aQuery } from '../testing/arbitrary-query.js';
import { FoldedView } from '../testing/folded-view.js';
import { refundMetric } from '../testing/refund-metric.js';
import { GrowingPart } from './growing-part.js';
import { metricQueryParser } from './parse-query.js';
import { foldSegments } from './speed-part.js';
import { isDistinct, type Part } from './values.js';

const metrics = [...(await loadMetrics()), refundMetric];

/** A part with its sketches as lists, so that equal parts are equal. */
function comparable(part: Part) {
  return [...part].sort().map(([key, { group, values }]) => ({
    key,
    group,
    values: values.map((value) => (isDistinct(value) ? { ...value, sketch: value.sketch?.smallest() } : value)),
  }));
}

/** Orders of half the logs fall into one cell: only a cell that is met again can grow. */
const longLog = fc
  .tuple(fc.array(aLog(2, 40), { minLength: 3, maxLength: 6 }), fc.boolean())
  .map(([logs, isOneCell]) => (isOneCell ? logs.flat().map(intoOneCell) : logs.flat()));

function intoOneCell(record: ArbitraryRecord): ArbitraryRecord {
  const decoded = decodeEvent(record.value);
  if ('refusal' in decoded || !('category' in decoded.event)) return record;
  const cell = { occurred_at: '2026-01-30T10:00:00Z', category: 'books', country: 'DE' };
  return { ...record, value: Buffer.from(JSON.stringify({ ...JSON.parse(String(record.value)), ...cell })) };
}
const step = fc.constantFrom('grow', 'grow', 'grow', 'cut', 'drop', 'restart');

describe('a growing part', () => {
  for (const metric of metrics) {
    it(`is what a fold of all segments is, however they grow, are cut, dropped or begun anew, for ${metric.name}`, async () => {
      const property = fc.asyncProperty(
        longLog,
        fc.array(step, { minLength: 2, maxLength: 10 }),
        aQuery(metric),
        async (records, steps, { queryString }) => {
          const query = metricQueryParser(metric)(queryString);
          const log = new MemoryEventLog(2);
          const store = new MemoryRealtimeViewStore(2);
          const view = new FoldedView(store, metrics);
          await view.begin([0, 0]);
          const growing = new GrowingPart(query);
          for (const [index, what] of steps.entries()) {
            for (const { partition, value } of records.slice(index * 8, index * 8 + 8))
              log.appendForeign(partition, [value]);
            if (what === 'cut') await log.appendBarriers('run');
            if (what === 'restart') await view.begin([0, 0]);
            await view.applyAll(log);
            if (what === 'drop') await view.dropBelow(await log.appendBarriers('run'));
            const segments = (await store.view()).partitions.flatMap((partition) => partition.segments);
            expect(comparable(growing.fold(segments))).toEqual(comparable(foldSegments(query, segments)));
          }
        },
      );
      await fc.assert(property, { numRuns: 100 });
    });
  }
});
