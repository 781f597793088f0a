import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { count, defineMetric, type Metric, TandemError, viewTableName } from '@tandem/shared';
import { readByOracle } from '@tandem/shared/testing/oracle';
import { PostgresViewPublisher } from './adapters/postgres/postgres-view-publisher.js';
import { attendOpenRun } from './attend.js';
import type { Checkpoint } from './checkpoint.js';
import type { ViewPublisher } from './ports/view-publisher.js';
import { orderLine, orderLines, record } from './testing/sample-records.js';
import { PARTITIONS, TestBatchLayer } from './testing/test-batch-layer.js';
import { currentRows, expectedRows } from './testing/view-rows.js';

describe('publishing', () => {
  let layer: TestBatchLayer;
  let revenue: Metric;

  beforeEach(async () => {
    layer = await TestBatchLayer.open();
    revenue = layer.metrics.find(({ name }) => name === 'revenue') as Metric;
    layer.append(orderLines(20, { partitions: PARTITIONS }));
  });
  afterEach(() => layer.close());

  const number = async (sql: string) => Number((await layer.database.query<{ n: string }>(sql)).rows[0]?.n);

  const steps: readonly Checkpoint[] = ['publish-rows-copied', 'publish-pointed', 'publish-before-commit'];
  it.each(steps)('that fails at %s leaves the old view and no trace of the new one', async (step) => {
    await layer.publish();
    const before = await currentRows(layer.database, revenue);
    const allBefore = await number(`SELECT count(*) AS n FROM ${viewTableName(revenue)}`);
    layer.append(orderLines(20, { from: 20, partitions: PARTITIONS }));
    const publisher = new PostgresViewPublisher(layer.database, layer.tools.logger, (passed) => {
      if (passed === step) throw new TandemError('internal', `stopped at ${step}`);
    });
    expect((await layer.run('incremental', { ...layer.tools, publisher })).state).toBe('failed');
    expect((await layer.runs.current()).id).toBe(1);
    expect(await currentRows(layer.database, revenue)).toEqual(before);
    expect(await number(`SELECT count(*) AS n FROM ${viewTableName(revenue)}`)).toBe(allBefore);
    expect(await number('SELECT count(*) AS n FROM tandem.run_day WHERE run_id = 2')).toBe(0);
  });

  it('shows readers nothing of a view until all of it is there', async () => {
    await layer.publish();
    const before = await currentRows(layer.database, revenue);
    layer.append(orderLines(20, { from: 20, partitions: PARTITIONS }));
    const seen: unknown[] = [];
    const look = async () => {
      seen.push([(await layer.runs.current()).id, (await layer.get(2)).state]);
      expect(await currentRows(layer.database, revenue)).toEqual(before);
    };
    const publisher = new PostgresViewPublisher(layer.database, layer.tools.logger, (step) =>
      step === 'publish-committed' ? undefined : look(),
    );
    await layer.publish('incremental', { ...layer.tools, publisher });
    expect(seen).toEqual(steps.map(() => [1, 'publishing']));
    expect(await currentRows(layer.database, revenue)).not.toEqual(before);
  });

  it('is refused when another run has become current meanwhile', async () => {
    await layer.publish();
    const onCheckpoint = async (step: Checkpoint) => {
      if (step === 'publish-rows-copied') await layer.database.query('UPDATE tandem.batch_current SET run_id = 0');
    };
    const publisher = new PostgresViewPublisher(layer.database, layer.tools.logger, onCheckpoint);
    const run = await layer.run('incremental', { ...layer.tools, publisher });
    expect(run).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    expect((await layer.runs.current()).id).toBe(0);
  });

  it('that committed before its connection broke is found published, and not tried again', async () => {
    let tries = 0;
    const publisher = brokenAfter(layer, async (inner, publication) => {
      tries++;
      await inner.publish(publication);
    });
    const run = await layer.run('incremental', { ...layer.tools, publisher });
    expect(run).toMatchObject({ state: 'published', error: null });
    expect(tries).toBe(1);
  });

  it('whose connection broke before the commit fails the run', async () => {
    const publisher = brokenAfter(layer, async () => {});
    const run = await layer.run('incremental', { ...layer.tools, publisher });
    expect(run).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect((await layer.runs.current()).id).toBe(0);
  });

  it('keeps the last three runs and what they are made of, and drops the rest', async () => {
    layer.append([record(0, orderLine(500, 9))]);
    for (let n = 0; n < 5; n++) {
      layer.append(orderLines(4, { from: 100 + 4 * n, days: 1 + (n % 3), partitions: PARTITIONS }));
      await layer.publish();
    }
    expect((await layer.runs.kept()).map(({ id }) => id)).toEqual([5, 4, 3]);
    const unused = `FROM tandem.day_tally t WHERE NOT EXISTS (
      SELECT FROM tandem.run_day d WHERE d.computed_by = t.computed_by AND d.day = t.day)`;
    expect(await number(`SELECT count(*) AS n ${unused}`)).toBe(0);
    expect(await number('SELECT count(*) AS n FROM tandem.run_day WHERE run_id < 3')).toBe(0);
    const orphans = `FROM ${viewTableName(revenue)} r WHERE CASE WHEN day IS NULL THEN run_id NOT IN (3, 4, 5)
      ELSE (run_id, day) NOT IN (SELECT computed_by, day FROM tandem.run_day) END`;
    expect(await number(`SELECT count(*) AS n ${orphans}`)).toBe(0);
    for (const id of [4, 3]) {
      expect((await layer.runs.rollback()).id).toBe(id);
      const { events } = readByOracle(await layer.recordsBelow(await layer.get(id)));
      expect(await currentRows(layer.database, revenue)).toEqual(expectedRows(revenue, events));
    }
  });

  it('tells how the run went: states, days, rows, duplicates and conflicts', async () => {
    await layer.publish();
    layer.append([record(0, orderLine(3, 0)), record(1, orderLine(3, 0, { category: 'other' }))]);
    const run = await layer.publish();
    expect(run).toMatchObject({ baseRun: 1, daysRecomputed: 1, duplicates: 2, conflicts: 1, kept: true, error: null });
    expect(run.rowsRead).toBe(7 + 2);
    expect(Object.keys(run.durationsMs).sort()).toEqual([
      'archiving',
      'cutting',
      'publishing',
      'recomputing',
      'requested',
    ]);
  });

  it('counts a value as new that so far only a copy had which did not count', async () => {
    const counted = record(0, orderLine(700, 0));
    layer.append([counted, record(1, orderLine(700, 0, { customer_id: 'shy' }))]);
    await layer.publish();
    layer.append([record(1, orderLine(701, 2, { customer_id: 'shy' }))]);
    const run = await layer.publish();
    expect(run).toMatchObject({ daysRecomputed: 1, conflicts: 1 });
    const { events } = readByOracle(await layer.recordsBelow(run));
    expect(await currentRows(layer.database, revenue)).toEqual(expectedRows(revenue, events));
  });

  it('computes everything anew when a new copy takes the place of one that counted, in the same run', async () => {
    layer.append([record(2, orderLine(700, 0, { category: 'before', customer_id: 'gone' }))]);
    await layer.publish();
    layer.append([record(0, orderLine(700, 0, { category: 'after' }))]);
    const run = await layer.publish();
    expect(run).toMatchObject({ mode: 'incremental', daysRecomputed: 3, duplicates: 1, conflicts: 1 });
    const { events } = readByOracle(await layer.recordsBelow(run));
    expect(await currentRows(layer.database, revenue)).toEqual(expectedRows(revenue, events));
  });

  it('computes everything anew for a changed definition, and drops the old one’s table with its last kept run', async () => {
    const before = defineMetric({
      name: 'm',
      description: '',
      dimensions: [],
      measures: { n: count(['order_placed']) },
      derived: {},
    });
    const after = defineMetric({ ...before, measures: { n: count(['order_placed']), m: count(['order_refunded']) } });
    await layer.publish('incremental', { ...layer.tools, metrics: [before] });
    const tables = () =>
      number(`SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'tandem' AND tablename ~ '^m_'`);
    const runs = [];
    for (let n = 0; n < 3; n++) {
      runs.push((await layer.publish('incremental', { ...layer.tools, metrics: [after] })).daysRecomputed);
      if (n < 2) expect(await tables()).toBe(2);
    }
    expect(runs).toEqual([3, 0, 0]);
    expect(await tables()).toBe(1);
    const { events } = readByOracle(await layer.recordsBelow(await layer.get(4)));
    expect(await currentRows(layer.database, after)).toEqual(expectedRows(after, events));
  });

  it('raises an error for a sum that does not fit a bigint, instead of wrapping around', async () => {
    await layer.publish();
    await layer.database.query(`UPDATE ${viewTableName(revenue)} SET gross = 9223372036854775807 WHERE grain = 'all'`);
    layer.append(orderLines(5, { from: 20, partitions: PARTITIONS }));
    const run = await layer.run();
    expect(run.state).toBe('failed');
    expect(run.error?.message).toContain('out of range');
  });

  it('shows the current run in SQL, in currency units', async () => {
    await layer.publish();
    const { rows } = await layer.database.query(`
      SELECT gross::text, line_items, revenue::text FROM batch_view.revenue WHERE grain = 'all' AND "grouping" = 0`);
    expect(rows).toEqual([{ gross: '195.0000', line_items: '20', revenue: '195.0000' }]);
  });
});

describe('a batch run', () => {
  it('is one, however many ask at once', async () => {
    const layer = await TestBatchLayer.open();
    const requests = await Promise.all(Array.from({ length: 50 }, () => layer.runs.request('incremental', 'manual')));
    expect(requests.filter(({ accepted }) => accepted)).toHaveLength(1);
    await Promise.all(Array.from({ length: 5 }, () => attendOpenRun(layer.tools, layer.desk())));
    expect(await layer.runs.list(10)).toMatchObject([{ id: 1, state: 'published' }]);
    await layer.close();
  });

  it('that nobody is at is marked failed by the next to look', async () => {
    const layer = await TestBatchLayer.open();
    await layer.runs.request('incremental', 'manual');
    await layer.database.query(`UPDATE tandem.batch_run SET state = 'recomputing' WHERE id = 1`);
    await attendOpenRun(layer.tools, layer.desk());
    expect(await layer.get(1)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
    await layer.close();
  });
});

/** A publisher that does something, then reports a broken connection. */
function brokenAfter(
  layer: TestBatchLayer,
  work: (inner: ViewPublisher, publication: Parameters<ViewPublisher['publish']>[0]) => Promise<void>,
): ViewPublisher {
  const inner = layer.tools.publisher;
  return {
    prepare: (metrics) => inner.prepare(metrics),
    exportBase: (...given) => inner.exportBase(...given),
    showViews: (metrics) => inner.showViews(metrics),
    showViewsThatWait: (metrics) => inner.showViewsThatWait(metrics),
    publish: async (publication) => {
      await work(inner, publication);
      throw new TandemError('unavailable', 'Connection terminated unexpectedly');
    },
  };
}
