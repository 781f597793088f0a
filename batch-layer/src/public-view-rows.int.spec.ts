import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { count, defineMetric, type Event, loadMetrics, type Metric, ratio, sum, total, unitOf } from '@tandem/shared';
import { answerByOracle, type OracleQuery, readByOracle } from '@tandem/shared/testing/oracle';
import { PublicViewScene } from './testing/public-view-scene.js';
import { orderLines, record } from './testing/sample-records.js';
import { PARTITIONS } from './testing/test-batch-layer.js';

const bare = defineMetric({
  name: 'bare',
  description: 'Everything at once.',
  dimensions: [],
  measures: { paid: sum('amount', ['order_placed']), lines: count(['order_placed']) },
  derived: { average: ratio('paid', 'lines'), doubled: total(['lines', 'lines']) },
});

let metrics: readonly Metric[];
let scene: PublicViewScene;
beforeEach(async () => {
  metrics = [...(await loadMetrics()), bare];
  scene = await PublicViewScene.open(metrics);
});
afterEach(() => scene.close());

const ticket = { customer_id: 'c', event_id: '1', occurred_at: '2026-03-02T10:59:59.999Z', ticket_id: 't' };
const moved = { ...ticket, event_id: '2', occurred_at: '2026-03-03T00:00:00Z', previous_priority: 'low' };

/** The rows of a view as the oracle has them: its bucket, its group, and its values in ten-thousandths where they are decimals. */
function expectedRows(metric: Metric, events: readonly Event[], granularity?: 'hour' | 'day'): readonly string[] {
  const counted = events.filter(({ type }) => Object.values(metric.measures).some(({ of }) => of.includes(type)));
  if (counted.length === 0) return [];
  const query: OracleQuery = { groupBy: metric.dimensions, ...(granularity ? { granularity } : {}) };
  return answerByOracle(metric, counted, query)
    .map(({ bucket, group, values }) =>
      JSON.stringify([
        ...(bucket === null ? [] : [String(bucket)]),
        ...metric.dimensions.map((name) => group[name]),
        ...namesOf(metric).map((name) => text(values[name])),
      ]),
    )
    .sort();
}

async function foundRows(metric: Metric, suffix: string): Promise<readonly string[]> {
  const columns = [
    ...(suffix === 'total' ? [] : ['(extract(epoch FROM bucket) * 1000)::bigint::text']),
    ...metric.dimensions.map((name) => `"${name}"`),
    ...namesOf(metric).map((name) => `(${name}${unitOf(metric, name) === 'integer' ? '' : ' * 10000'})::bigint::text`),
  ];
  const rows = await scene.rows(
    `SELECT json_build_array(${columns.join(', ')}) AS row FROM batch_view.${metric.name}_${suffix}`,
  );
  return rows.map(({ row }) => JSON.stringify(row)).sort();
}

const namesOf = ({ measures, derived }: Metric) => [...Object.keys(measures), ...Object.keys(derived)];
const text = (value: bigint | null | undefined) => (value === null || value === undefined ? null : String(value));

describe('views that can be summed', () => {
  it('have one row per bucket and tuple of all dimensions, with what the oracle makes of the events, run after run', async () => {
    for (const metric of metrics) expect(await foundRows(metric, 'total')).toEqual([]);
    let run = 0;
    for (const from of [0, 60, 200]) {
      scene.layer.append(orderLines(60, { from, days: 5, partitions: PARTITIONS }));
      scene.layer.append([
        record(0, { ...ticket, type: 'ticket_opened', priority: 'low', event_id: `o-${from}` }),
        record(1, { ...moved, type: 'ticket_priority_changed', priority: 'high', event_id: `m-${from}` }),
      ]);
      run = await scene.publish();
      const { events } = readByOracle(await scene.layer.recordsBelow(await scene.layer.get(run)));
      for (const metric of metrics) {
        expect(await foundRows(metric, 'hourly')).toEqual(expectedRows(metric, events, 'hour'));
        expect(await foundRows(metric, 'daily')).toEqual(expectedRows(metric, events, 'day'));
        expect(await foundRows(metric, 'total')).toEqual(expectedRows(metric, events));
      }
    }
    expect(run).toBe(3);
    expect(await foundRows(bare, 'total')).toHaveLength(1);
  });
});
