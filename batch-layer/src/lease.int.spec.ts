import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalDatasetFiles } from './adapters/files/local-dataset-files.js';
import { PostgresViewPublisher } from './adapters/postgres/postgres-view-publisher.js';
import { attendOpenRun } from './attend.js';
import type { Checkpoint } from './checkpoint.js';
import type { Lease } from './ports/lease.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS, TestBatchLayer } from './testing/test-batch-layer.js';
import { currentRows } from './testing/view-rows.js';

describe('the lease', () => {
  let layer: TestBatchLayer;

  beforeEach(async () => {
    layer = await TestBatchLayer.open();
  });
  afterEach(() => layer.close());

  const expire = () =>
    layer.database.query(`UPDATE tandem.batch_lease SET expires_at = clock_timestamp() - interval '1 second'`);

  it('is given to one of many that ask at once', async () => {
    const leases = await Promise.all(Array.from({ length: 20 }, () => layer.desk().take()));
    const given = leases.filter((lease) => lease !== undefined);
    expect(given).toHaveLength(1);
    await given[0]?.release();
  });

  it('is refused while its holder lives, and given with a higher token once released', async () => {
    const first = await layer.desk().take();
    expect(await layer.desk().take()).toBeUndefined();
    await first?.release();
    const second = await layer.desk().take();
    expect(second?.token).toBeGreaterThan(first?.token ?? 0);
    await second?.release();
  });

  it('is renewed for as long as its holder lives', async () => {
    const lease = await layer.desk(300).take();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(lease?.lost.aborted).toBe(false);
    expect(await layer.desk().take()).toBeUndefined();
    await lease?.release();
  });

  it('is free at once when its holder’s connection is gone, long before it expires', async () => {
    const lease = await layer.desk().take();
    await layer.database.query('SELECT pg_terminate_backend(backend_pid) FROM tandem.batch_lease');
    const next = await takeSoon(layer);
    expect(next?.token).toBeGreaterThan(lease?.token ?? 0);
    expect(lease?.lost.aborted).toBe(true);
    await lease?.release();
    await next?.release();
  });

  it('is lost by a holder that froze until it expired, which then can release nothing of the new holder’s', async () => {
    const frozen = await layer.desk(600_000).take();
    await expire();
    const next = await layer.desk().take();
    await frozen?.release();
    expect(await layer.desk().take()).toBeUndefined();
    await next?.release();
  });

  const frozenAt: readonly Checkpoint[] = [
    'boundary-stored',
    'chunk-before-commit',
    'recomputed',
    'publish-rows-copied',
  ];
  it.each(frozenAt)('keeps a holder that froze at %s from publishing or overwriting anything', async (step) => {
    layer.append(orderLines(10, { partitions: PARTITIONS }));
    await layer.publish();
    const before = await currentRows(layer.database, layer.metrics[0] as never);
    layer.append(orderLines(10, { from: 10, partitions: PARTITIONS }));

    const onCheckpoint = async (passed: Checkpoint) => {
      if (passed !== step) return;
      await expire();
      await attendOpenRun(layer.tools, layer.desk());
    };
    const tools = {
      ...layer.tools,
      onCheckpoint,
      files: new LocalDatasetFiles(layer.folder, onCheckpoint),
      publisher: new PostgresViewPublisher(layer.database, layer.tools.logger, onCheckpoint),
    };
    await layer.runs.request('incremental', 'manual');
    await expect(attendOpenRun(tools, layer.desk())).rejects.toMatchObject({ code: 'fenced' });

    expect(await layer.get(2)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
    expect((await layer.runs.current()).id).toBe(1);
    expect(await currentRows(layer.database, layer.metrics[0] as never)).toEqual(before);
    expect((await layer.publish()).state).toBe('published');
  });

  it('decides alone: a frozen holder’s view is refused before anybody has looked at its run', async () => {
    layer.append(orderLines(10, { partitions: PARTITIONS }));
    let next: Lease | undefined;
    const publisher = new PostgresViewPublisher(layer.database, layer.tools.logger, async (step) => {
      if (step !== 'publish-rows-copied') return;
      await expire();
      next = await layer.desk().take();
    });
    await layer.runs.request('incremental', 'manual');
    const attending = attendOpenRun({ ...layer.tools, publisher }, layer.desk());
    await expect(attending).rejects.toMatchObject({ code: 'fenced' });
    expect((await layer.get(1)).state).toBe('publishing');
    expect((await layer.runs.current()).id).toBe(0);
    await next?.release();
    await attendOpenRun(layer.tools, layer.desk());
    expect(await layer.get(1)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
  });
});

/** Postgres takes a moment to end a backend. */
async function takeSoon(layer: TestBatchLayer) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const lease = await layer.desk().take();
    if (lease) return lease;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}
