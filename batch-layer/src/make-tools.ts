import { resolve } from 'node:path';
import type { DeadLetters, EventLog, Logger } from '@tandem/shared';
import { openDeadLetters } from '@tandem/shared/adapters/open-dead-letters';
import { openEventLog } from '@tandem/shared/adapters/open-event-log';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { openDuckDbBatchEngine } from './adapters/duckdb/duckdb-batch-engine.js';
import { claimFolder } from './adapters/files/claim-folder.js';
import { LocalDatasetFiles } from './adapters/files/local-dataset-files.js';
import { PostgresCatalog } from './adapters/postgres/postgres-catalog.js';
import { PostgresRunLedger } from './adapters/postgres/postgres-run-ledger.js';
import { PostgresViewPublisher } from './adapters/postgres/postgres-view-publisher.js';
import type { BatchLayerOptions } from './batch-layer-options.js';
import { crashAt } from './checkpoint.js';
import { batchDefaults } from './config.js';
import type { BatchTools } from './run-batch.js';

/** The log, and where those of its records are kept that are no events. */
export type Kept = { readonly log: EventLog; readonly deadLetters: DeadLetters };

/** Throws what opening throws; closes the database then. */
export async function openLog(options: BatchLayerOptions, database: Database, logger: Logger): Promise<Kept> {
  const { databaseUrl, partitions, kafka = null } = options;
  let log: EventLog | undefined;
  try {
    await claimFolder(resolve(options.masterDatasetFolder), await identityOfDatabase(database));
    log = await openEventLog({ kafka, databaseUrl, database, partitions, logger });
    return { log, deadLetters: await openDeadLetters({ kafka, database, logger }) };
  } catch (error) {
    await log?.close();
    await database.end();
    throw error;
  }
}

export async function closeLog({ log, deadLetters }: Kept): Promise<void> {
  await deadLetters.close();
  await log.close();
}

/** The adapters of this layer, put together. */
export function makeTools(
  options: BatchLayerOptions,
  { log, deadLetters }: Kept,
  database: Database,
  logger: Logger,
  stopping: AbortSignal,
): BatchTools {
  const folder = resolve(options.masterDatasetFolder);
  const onCheckpoint = crashAt(options.crashAt);
  return {
    log,
    catalog: new PostgresCatalog(database),
    deadLetters,
    files: new LocalDatasetFiles(folder, onCheckpoint),
    ledger: new PostgresRunLedger(database),
    publisher: new PostgresViewPublisher(database, logger, onCheckpoint),
    stopping,
    openEngine: (temporaryFolder, cut) =>
      openDuckDbBatchEngine(
        {
          threads: options.threads ?? batchDefaults.BATCH_THREADS,
          memoryLimit: options.memoryLimit ?? batchDefaults.BATCH_MEMORY_LIMIT,
          temporaryFolder,
          allowedFolders: [folder],
        },
        cut,
      ),
    metrics: options.metrics,
    limits: {
      maxChunkRecords: options.maxChunkRecords ?? batchDefaults.BATCH_CHUNK_RECORDS,
      maxChunkBytes: options.maxChunkBytes ?? batchDefaults.BATCH_CHUNK_BYTES,
      maxLogWaitMs: options.maxLogWaitMs ?? batchDefaults.BATCH_LOG_WAIT_MS,
      maxRows: options.maxRows ?? batchDefaults.BATCH_ROWS_AT_ONCE,
    },
    logger,
    onCheckpoint,
  };
}
