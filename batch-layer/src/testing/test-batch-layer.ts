import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchRun,
  createLogger,
  type EventLog,
  isAtOrBelow,
  loadMetrics,
  type Metric,
  type RunMode,
  TandemError,
} from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { PostgresDeadLetters } from '@tandem/shared/adapters/postgres/postgres-dead-letters';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import type { ArbitraryRecord } from '@tandem/shared/testing/arbitraries';
import type { PositionedValue } from '@tandem/shared/testing/oracle';
import { createTestDatabase, type TestDatabase } from '@tandem/shared/testing/test-database';
import { openDuckDbBatchEngine } from '../adapters/duckdb/duckdb-batch-engine.js';
import { LocalDatasetFiles } from '../adapters/files/local-dataset-files.js';
import { PostgresCatalog } from '../adapters/postgres/postgres-catalog.js';
import { PostgresLeaseDesk } from '../adapters/postgres/postgres-lease-desk.js';
import { PostgresRunLedger } from '../adapters/postgres/postgres-run-ledger.js';
import { PostgresViewPublisher } from '../adapters/postgres/postgres-view-publisher.js';
import { attendOpenRun } from '../attend.js';
import { passCheckpoints } from '../checkpoint.js';
import type { LeaseDesk } from '../ports/lease.js';
import type { BatchTools } from '../run-batch.js';

export const PARTITIONS = 3;
const LEASE_MS = 30_000;

/** A batch layer over a log in memory, a database and a folder of its own; small limits, so that little data fills them. */
export class TestBatchLayer {
  readonly log: MemoryEventLog;
  readonly runs: PostgresRunStore;
  readonly folder: string;
  readonly metrics: readonly Metric[];
  readonly #testDatabase: TestDatabase;
  tools: BatchTools;

  private constructor(testDatabase: TestDatabase, folder: string, metrics: readonly Metric[], log: MemoryEventLog) {
    this.#testDatabase = testDatabase;
    this.folder = folder;
    this.metrics = metrics;
    this.log = log;
    this.runs = new PostgresRunStore(testDatabase.database, createLogger('test', 'silent'));
    this.tools = toolsFor(testDatabase.database, folder, metrics, log);
  }

  static async open(metrics?: readonly Metric[]): Promise<TestBatchLayer> {
    const testDatabase = await createTestDatabase(PARTITIONS);
    const folder = await mkdtemp(join(tmpdir(), 'tandem-batch-'));
    const log = new MemoryEventLog(PARTITIONS, 5);
    const layer = new TestBatchLayer(testDatabase, folder, metrics ?? (await loadMetrics()), log);
    await layer.tools.publisher.prepare(layer.metrics);
    await layer.tools.publisher.showViews(layer.metrics);
    return layer;
  }

  get database(): Database {
    return this.#testDatabase.database;
  }

  get url(): string {
    return this.#testDatabase.url;
  }

  desk(expiresAfterMs = LEASE_MS): LeaseDesk {
    return new PostgresLeaseDesk({ databaseUrl: this.url, expiresAfterMs, logger: this.tools.logger });
  }

  append(records: readonly ArbitraryRecord[]): void {
    for (const { partition, value } of records) this.log.appendForeign(partition, [value]);
  }

  /** Requests a run, executes it, and returns how it ended. */
  async run(mode: RunMode = 'incremental', tools: BatchTools = this.tools): Promise<BatchRun> {
    const request = await this.runs.request(mode, 'manual');
    if (!request.accepted) throw new TandemError('conflict', `found run ${request.activeId} active`);
    await attendOpenRun(tools, this.desk());
    return await this.get(request.id);
  }

  /** Executes a run that must be published. */
  async publish(mode: RunMode = 'incremental', tools: BatchTools = this.tools): Promise<BatchRun> {
    const run = await this.run(mode, tools);
    if (run.state !== 'published')
      throw new TandemError('internal', `run ${run.id} ${run.state}: ${run.error?.message}`);
    return run;
  }

  async get(id: number): Promise<BatchRun> {
    const run = await this.runs.get(id);
    if (run === undefined) throw new TandemError('not-found', `no run ${id}`);
    return run;
  }

  /** The records of the log below a run's boundary. */
  async recordsBelow(run: BatchRun): Promise<readonly PositionedValue[]> {
    return await readAll(this.log, run.boundary ?? []);
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.#testDatabase.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function toolsFor(database: Database, folder: string, metrics: readonly Metric[], log: EventLog): BatchTools {
  return {
    log,
    metrics,
    catalog: new PostgresCatalog(database),
    deadLetters: new PostgresDeadLetters(database),
    files: new LocalDatasetFiles(folder, passCheckpoints),
    ledger: new PostgresRunLedger(database),
    publisher: new PostgresViewPublisher(database, createLogger('batch-layer', 'silent'), passCheckpoints),
    stopping: new AbortController().signal,
    openEngine: (temporaryFolder, cut) =>
      openDuckDbBatchEngine(
        {
          threads: 1,
          memoryLimit: '256MB',
          temporaryFolder,
          allowedFolders: [folder],
        },
        cut,
      ),
    limits: { maxChunkRecords: 20, maxChunkBytes: 1_000_000, maxRows: 12, maxLogWaitMs: 60_000 },
    logger: createLogger('batch-layer', 'silent'),
    onCheckpoint: passCheckpoints,
  };
}

async function readAll(log: EventLog, boundary: readonly number[]): Promise<readonly PositionedValue[]> {
  const records: PositionedValue[] = [];
  if (
    isAtOrBelow(
      boundary,
      boundary.map(() => 0),
    )
  )
    return records;
  for await (const batch of log.read(
    boundary.map(() => 0),
    { until: boundary },
  )) {
    records.push(...batch.records.map((record) => ({ ...record, partition: batch.partition })));
  }
  return records;
}
