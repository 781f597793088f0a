import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BatchRun, createLogger, loadMetrics } from '@tandem/shared';
import { inTransaction } from '@tandem/shared/adapters/postgres/database';
import { openPostgresEventLog } from '@tandem/shared/adapters/postgres/postgres-event-log';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import { createTestDatabase, type TestDatabase } from '@tandem/shared/testing/test-database';
import { type BatchLayer, startBatchLayer } from './main.js';
import { orderLines } from './testing/sample-records.js';

const PARTITIONS = 4;

describe('the batch layer', () => {
  let testDatabase: TestDatabase;
  let folder: string;

  beforeEach(async () => {
    testDatabase = await createTestDatabase(PARTITIONS);
    folder = await mkdtemp(join(tmpdir(), 'tandem-batch-'));
  });
  afterEach(async () => {
    await testDatabase.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<BatchLayer> =>
    startBatchLayer({
      databaseUrl: testDatabase.url,
      masterDatasetFolder: folder,
      partitions: PARTITIONS,
      metrics: await loadMetrics(),
      schedule: 'off',
      logLevel: 'silent',
    });

  async function append(howMany: number): Promise<void> {
    const log = openPostgresEventLog({ databaseUrl: testDatabase.url, partitions: PARTITIONS });
    const records = orderLines(howMany, { partitions: PARTITIONS });
    await log.append(records.map(({ value }, n) => ({ key: `key-${n}`, value: value ?? Buffer.of() })));
    await log.close();
  }

  async function isOver(id: number): Promise<BatchRun | undefined> {
    const runs = new PostgresRunStore(testDatabase.database, createLogger('test', 'silent'));
    for (let attempt = 0; attempt < 300; attempt++) {
      const run = await runs.get(id);
      if (run?.state === 'published' || run?.state === 'failed') return run;
      await sleep(50);
    }
    return await runs.get(id);
  }

  it('executes what is asked for, also what was asked for before it started, and stops without a trace', async () => {
    await append(100);
    const runs = new PostgresRunStore(testDatabase.database, createLogger('test', 'silent'));
    await runs.request('incremental', 'start');
    const layer = await start();
    expect(await isOver(1)).toMatchObject({ state: 'published', rowsRead: 100, daysRecomputed: 3 });
    await runs.request('full', 'manual');
    expect(await isOver(2)).toMatchObject({ state: 'published', rowsRead: 100 });
    await layer.stop();
  });

  it('is two that share the work when started twice: each run is executed once', async () => {
    const layers = [await start(), await start()];
    const runs = new PostgresRunStore(testDatabase.database, createLogger('test', 'silent'));
    for (let id = 1; id <= 3; id++) {
      await append(10);
      await runs.request('incremental', 'manual');
      expect(await isOver(id)).toMatchObject({ id, state: 'published' });
    }
    await Promise.all(layers.map((layer) => layer.stop()));
  });

  it('that is told to stop in the middle of a run leaves it failed, and the next goes on', async () => {
    await append(50);
    const runs = new PostgresRunStore(testDatabase.database, createLogger('test', 'silent'));
    const layer = await start();
    let stopped = Promise.resolve();
    await withLeaseKept(async (isWaitedFor) => {
      await runs.request('incremental', 'manual');
      await isWaitedFor();
      stopped = layer.stop();
    });
    await stopped;
    const error = { code: 'unavailable', message: expect.stringContaining('told to stop') };
    expect(await runs.get(1)).toMatchObject({ state: 'failed', error });
    const again = await start();
    await runs.request('incremental', 'manual');
    expect(await isOver(2)).toMatchObject({ state: 'published', rowsRead: 50 });
    await again.stop();
  });

  /** Nobody gets the lease before `work` is done, which may wait until somebody wants it. */
  function withLeaseKept(work: (isWaitedFor: () => Promise<void>) => Promise<void>): Promise<void> {
    const { database } = testDatabase;
    return inTransaction(database, async (transaction) => {
      await transaction.query('SELECT FROM tandem.batch_lease FOR UPDATE');
      await work(async () => {
        while ((await database.query(WAITING_FOR_LEASE_SQL)).rowCount === 0) await sleep(20);
      });
    });
  }
});

const WAITING_FOR_LEASE_SQL = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%batch_lease%'`;
