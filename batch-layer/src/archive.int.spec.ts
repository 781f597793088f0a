import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dayOf, decodeEvent, type EventLog, TandemError } from '@tandem/shared';
import { aLog } from '@tandem/shared/testing/arbitraries';
import { readByOracle } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';
import { openDuckDb } from './adapters/duckdb/open-duckdb.js';
import { LocalDatasetFiles } from './adapters/files/local-dataset-files.js';
import { PostgresCatalog } from './adapters/postgres/postgres-catalog.js';
import type { Checkpoint } from './checkpoint.js';
import type { CatalogFile } from './ports/catalog.js';
import type { BatchTools } from './run-batch.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS, TestBatchLayer } from './testing/test-batch-layer.js';
import { currentRows, expectedRows } from './testing/view-rows.js';

describe('the archiver', () => {
  let layer: TestBatchLayer;

  beforeEach(async () => {
    layer = await TestBatchLayer.open();
  });
  afterEach(() => layer.close());

  const catalog = () => new PostgresCatalog(layer.database);

  /** The log of the layer with holes: of each partition only the records at these offsets are read. */
  function logThatKeeps(isKept: (offset: number) => boolean): EventLog {
    const log = layer.log.openAgain();
    log.read = async function* (from, options) {
      for await (const { partition, records } of layer.log.read(from, options)) {
        yield { partition, records: records.filter(({ offset }) => isKept(offset)) };
      }
    };
    return log;
  }

  it('puts every event into exactly one file, that of its event-time day, and every other record into none', async () => {
    await fc.assert(
      fc.asyncProperty(aLog(PARTITIONS, 60), async (records) => {
        layer.append(records);
        const run = await layer.publish();
        const below = await layer.recordsBelow(run);
        const expected = below.flatMap(({ partition, offset, value }) => {
          const decoded = decodeEvent(value);
          return 'event' in decoded ? [`${dayOf(decoded.event.occurred_at)} ${partition} ${offset}`] : [];
        });
        expect(await archived(layer, await catalog().files())).toEqual(expected.sort());
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);

  it('stops exactly at the boundary: the barriers and what follows them are the next run’s', async () => {
    layer.append(orderLines(30, { partitions: PARTITIONS }));
    const run = await layer.publish();
    expect(await catalog().position()).toEqual(run.boundary);
    expect(run.boundary).toEqual([10, 10, 10]);
    expect((await tallies(layer)).barriers).toBe('0');
    await layer.publish();
    expect((await tallies(layer)).barriers).toBe(String(PARTITIONS));
  });

  it('accounts for every record that it read', async () => {
    const [records = []] = fc.sample(aLog(PARTITIONS, 200), { numRuns: 1, seed: 4 });
    layer.append(records);
    await layer.publish();
    const run = await layer.publish();
    const reading = readByOracle(await layer.recordsBelow(run));
    expect(await tallies(layer)).toEqual({
      read: String(reading.read),
      events: String(reading.events.length + reading.duplicates),
      invalid: String(reading.invalid),
      barriers: String(reading.barriers),
    });
    expect((await layer.tools.deadLetters.list(0)).total).toBe(reading.invalid);
  });

  it('keeps dead letters with their bytes, position and reason', async () => {
    layer.append([{ partition: 1, value: Buffer.from('{"type":"order_lost"}') }]);
    await layer.publish();
    const { letters } = await layer.tools.deadLetters.list(10);
    expect(letters).toEqual([
      {
        partition: 1,
        offset: 0,
        value: Buffer.from('{"type":"order_lost"}'),
        size: 21,
        path: 'type',
        reason: expect.any(String),
      },
    ]);
  });

  const archiveSteps: readonly Checkpoint[] = [
    'rows-written',
    'day-files-written',
    'file-synced',
    'file-renamed',
    'chunk-before-commit',
    'chunk-committed',
  ];
  it.each(archiveSteps)('counts nothing twice and loses nothing when it fails at %s', async (step) => {
    layer.append(orderLines(50, { partitions: PARTITIONS }));
    const failed = await layer.run('incremental', failingAt(layer, step, 2));
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'internal', message: `stopped at ${step}` } });
    await expectSoundCatalog(layer);

    layer.append(orderLines(10, { from: 50, partitions: PARTITIONS }));
    const run = await layer.publish();
    await expectRight(layer, run.id);
    await expectSoundCatalog(layer);
    expect(await eventFiles(layer)).toEqual((await catalog().files()).map(({ path }) => path).sort());
  });

  it('fails cleanly when the disk is full, and goes on when there is room', async () => {
    layer.append(orderLines(50, { partitions: PARTITIONS }));
    let admitted = 0;
    const files = new LocalDatasetFiles(layer.folder, (step) => {
      if (step === 'file-synced' && ++admitted > 4)
        throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    });
    const failed = await layer.run('incremental', { ...layer.tools, files });
    expect(failed.state).toBe('failed');
    await expectSoundCatalog(layer);
    await expectRight(layer, (await layer.publish()).id);
  });

  it('fails as corrupt when the log ends below the boundary, and goes on when all of it is there', async () => {
    layer.append(orderLines(30, { partitions: PARTITIONS }));
    const log = logThatKeeps((offset) => offset < 9);
    const failed = await layer.run('incremental', { ...layer.tools, log });
    expect(failed).toMatchObject({ state: 'failed', boundary: [10, 10, 10], error: { code: 'corrupt' } });
    expect(await catalog().position()).toEqual([9, 9, 9]);
    await expectRight(layer, (await layer.publish()).id);
  });

  it('fails as corrupt when the log leaves out a record, and goes on when it is there', async () => {
    layer.append(orderLines(30, { partitions: PARTITIONS }));
    const log = logThatKeeps((offset) => offset !== 5);
    const failed = await layer.run('incremental', { ...layer.tools, log });
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'corrupt' } });
    expect(await catalog().position()).toEqual([0, 0, 0]);
    await expectRight(layer, (await layer.publish()).id);
  });

  it('refuses a chunk that does not begin at the archive position', async () => {
    const lease = await layer.desk().take();
    const stretch = { partition: 0, from: 5, to: 6, events: 0, invalid: 0, barriers: 1 };
    await expect(catalog().addChunk(lease?.token ?? 0, [], [stretch])).rejects.toMatchObject({ code: 'conflict' });
    await lease?.release();
  });

  it('refuses a chunk under an old lease, leaving the position where it was', async () => {
    const lease = await layer.desk().take();
    const stretch = { partition: 0, from: 0, to: 1, events: 0, invalid: 0, barriers: 1 };
    await expect(catalog().addChunk((lease?.token ?? 0) - 1, [], [stretch])).rejects.toMatchObject({ code: 'fenced' });
    expect(await catalog().position()).toEqual([0, 0, 0]);
    await lease?.release();
  });

  it('removes only files that are not in the catalog', async () => {
    layer.append(orderLines(9, { partitions: PARTITIONS }));
    await layer.publish();
    const before = await eventFiles(layer);
    const files = new LocalDatasetFiles(layer.folder, () => {});
    const removed = await files.collectGarbage(new Set(before.slice(1)), 2);
    expect(removed).toEqual(before.slice(0, 1));
    expect(await eventFiles(layer)).toEqual(before.slice(1));
  });

  it('leaves alone what the same or a later run wrote, whatever the catalog said when it was read', async () => {
    layer.append(orderLines(9, { partitions: PARTITIONS }));
    await layer.publish();
    const before = await eventFiles(layer);
    const files = new LocalDatasetFiles(layer.folder, () => {});
    const work = await files.makeWorkFolder(7);
    expect(await files.collectGarbage(new Set(), 1)).toEqual([]);
    expect(await eventFiles(layer)).toEqual(before);
    expect(existsSync(work)).toBe(true);
    await files.collectGarbage(new Set(before), 8);
    expect(existsSync(work)).toBe(false);
  });
});

/** Throws at the n-th time that a run passes a step. */
function failingAt(layer: TestBatchLayer, failing: Checkpoint, nth: number): BatchTools {
  let passed = 0;
  const onCheckpoint = (step: Checkpoint) => {
    if (step === failing && ++passed === nth) throw new TandemError('internal', `stopped at ${step}`);
  };
  return { ...layer.tools, onCheckpoint, files: new LocalDatasetFiles(layer.folder, onCheckpoint) };
}

/** Every file that counts is there, whole. */
async function expectSoundCatalog(layer: TestBatchLayer): Promise<void> {
  const files = new LocalDatasetFiles(layer.folder, () => {});
  for (const file of await new PostgresCatalog(layer.database).files()) {
    expect([file.path, await files.findFault(file)]).toEqual([file.path, undefined]);
  }
}

async function expectRight(layer: TestBatchLayer, runId: number): Promise<void> {
  const { events } = readByOracle(await layer.recordsBelow(await layer.get(runId)));
  for (const metric of layer.metrics) {
    expect(await currentRows(layer.database, metric)).toEqual(expectedRows(metric, events));
  }
}

async function eventFiles(layer: TestBatchLayer): Promise<readonly string[]> {
  const entries = await readdir(join(layer.folder, 'events'), { recursive: true });
  return entries
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => `events/${name}`)
    .sort();
}

async function tallies(layer: TestBatchLayer): Promise<Record<string, string>> {
  const { rows } = await layer.database.query<Record<string, string>>(`
    SELECT sum(to_offset - from_offset) AS read, sum(events) AS events, sum(invalid) AS invalid, sum(barriers) AS barriers
    FROM tandem.archive_stretch`);
  return rows[0] ?? {};
}

/** `day partition offset` of every event in the master dataset, sorted. The day is that of the folder. */
async function archived(layer: TestBatchLayer, files: readonly CatalogFile[]): Promise<readonly string[]> {
  const db = await openDuckDb({
    threads: 1,
    memoryLimit: '256MB',
    temporaryFolder: join(layer.folder, 'work', 'test'),
    allowedFolders: [layer.folder],
  });
  try {
    const found: string[] = [];
    for (const { path, day } of files) {
      const file = join(layer.folder, path);
      const reader = await db.connection.runAndReadAll(
        `SELECT "partition" || ' ' || "offset" AS place FROM read_parquet('${file}', hive_partitioning = false)`,
      );
      expect(path).toContain(`/day=${day}/`);
      found.push(...reader.getRowObjects().map(({ place }) => `${day} ${String(place)}`));
    }
    return found.sort();
  } finally {
    db.close();
  }
}
