import { describe, expect, it } from '@jest/globals';
import { type BatchRun, count, defineMetric, distinct, EVENT_TYPES, loadMetrics, sum } from '@tandem/shared';
import { type ArbitraryRecord, aLog } from '@tandem/shared/testing/arbitraries';
import { readByOracle } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';
import { PARTITIONS, TestBatchLayer } from './testing/test-batch-layer.js';
import { currentRows, expectedRows } from './testing/view-rows.js';

const SAMPLES = 12;
/** By default fast-check's arrays are short; here each run is to find much that earlier ones have seen. */
fc.configureGlobal({ baseSize: 'medium' });
const MINUTES = 60_000;

/** A dimension and a measure of fields that an event may leave out, and two distinct measures of one name space. */
const UNITS = defineMetric({
  name: 'units',
  description: 'What was sold, by article.',
  dimensions: ['sku', 'customer_id'],
  measures: {
    sold: sum('quantity', ['order_placed']),
    orders: distinct('order_id', ['order_placed', 'order_refunded']),
    articles: distinct('sku', ['order_placed']),
  },
  derived: {},
});

/** No dimension at all. */
const EVERYTHING = defineMetric({
  name: 'everything',
  description: 'All events, and who caused them.',
  dimensions: [],
  measures: { events: count(EVENT_TYPES), people: distinct('customer_id', EVENT_TYPES) },
  derived: {},
});

type Step =
  /** Appends the next so many records, then runs. */
  { readonly kind: 'run'; readonly records: number; readonly isFull: boolean } | { readonly kind: 'rollback' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('run' as const), records: fc.nat(40), isFull: fc.constant(false) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('run' as const), records: fc.nat(40), isFull: fc.constant(true) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'rollback' as const }) },
  ),
  { minLength: 1, maxLength: 6 },
);

describe('a batch run', () => {
  it(
    'publishes exactly what the oracle says, whatever came before it, and a full run changes nothing',
    async () => {
      await fc.assert(
        fc.asyncProperty(aLog(PARTITIONS, 150), steps, async (records, sequence) => {
          const layer = await TestBatchLayer.open([...(await loadMetrics()), UNITS, EVERYTHING]);
          try {
            const rest = [...records];
            for (const step of sequence) await take(layer, step, rest);
            // What an earlier run got wrong stays wrong in those that build on it: so the last one is judged.
            await expectRight(layer, await layer.publish('incremental'));
            const incremental = await allRows(layer);
            await layer.publish('full');
            expect(await allRows(layer)).toEqual(incremental);
          } finally {
            await layer.close();
          }
        }),
        // A sample takes seconds: shrinking one would take an hour. The seed that is printed replays it.
        { numRuns: SAMPLES, endOnFailure: true },
      );
    },
    10 * MINUTES,
  );
});

/** Takes what it appends off `rest`. */
async function take(layer: TestBatchLayer, step: Step, rest: ArbitraryRecord[]): Promise<void> {
  if (step.kind === 'rollback') {
    if ((await layer.runs.current()).id > 0) await layer.runs.rollback().catch(() => {});
    return;
  }
  layer.append(rest.splice(0, step.records));
  await layer.publish(step.isFull ? 'full' : 'incremental');
}

async function expectRight(layer: TestBatchLayer, run: BatchRun): Promise<void> {
  const reading = readByOracle(await layer.recordsBelow(run));
  for (const metric of layer.metrics) {
    expect(await currentRows(layer.database, metric)).toEqual(expectedRows(metric, reading.events));
  }
  expect([run.duplicates, run.conflicts]).toEqual([reading.duplicates, reading.conflicts]);
}

async function allRows(layer: TestBatchLayer) {
  return await Promise.all(layer.metrics.map((metric) => currentRows(layer.database, metric)));
}
