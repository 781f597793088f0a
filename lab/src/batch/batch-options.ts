import type { BatchLayerOptions } from '@tandem/batch-layer';
import type { LabConfig } from '../config.js';
import type { Foundation } from '../foundation.js';

/** What the batch layer is told: data alone, since it crosses into another thread. */
export function batchOptions(config: LabConfig, foundation: Foundation): BatchLayerOptions {
  return {
    databaseUrl: foundation.databaseUrl,
    masterDatasetFolder: foundation.masterDatasetFolder,
    partitions: config.LOG_PARTITIONS,
    metrics: foundation.metrics,
    schedule: config.BATCH_SCHEDULE,
    logLevel: config.LOG_LEVEL,
    threads: config.BATCH_THREADS,
    memoryLimit: config.BATCH_MEMORY_LIMIT,
    maxChunkRecords: config.BATCH_CHUNK_RECORDS,
    maxChunkBytes: config.BATCH_CHUNK_BYTES,
    maxRows: config.BATCH_ROWS_AT_ONCE,
    leaseMs: config.BATCH_LEASE_MS,
    crashAt: config.TANDEM_CRASH_AT,
  };
}
