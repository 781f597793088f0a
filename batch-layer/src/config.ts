import { availableParallelism } from 'node:os';
import { LOG_LEVELS, readConfig } from '@tandem/shared';
import { connectionSchema } from '@tandem/shared/adapters/connections';
import { healthSchema } from '@tandem/shared/adapters/http/health-config';
import { z } from 'zod';
import { CHECKPOINTS } from './checkpoint.js';
import { faultOfSchedule } from './schedule.js';

const integer = (min: number, max: number) =>
  z.coerce
    .number({ error: `allowed are integers from ${min} to ${max}` })
    .int()
    .min(min)
    .max(max);

function refuseSchedule(expression: string, context: z.RefinementCtx): void {
  const message = faultOfSchedule(expression);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
}

/** The settings of the batch layer as a process of its own: one environment variable each. */
export const batchConfigSchema = z.object({
  ...connectionSchema.shape,
  ...healthSchema.shape,
  /** Folder of the master dataset. */
  MASTER_DATASET: z.string().default('./data/master-dataset'),
  LOG_PARTITIONS: integer(1, 1024).default(4),
  /** Cron expression of five fields or a name like @daily, in UTC, or `off`. */
  BATCH_SCHEDULE: z.string().superRefine(refuseSchedule).default('*/5 * * * *'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  /** Threads of DuckDB: by default one core is left to the other layers. */
  BATCH_THREADS: integer(1, 256).default(Math.max(1, availableParallelism() - 1)),
  /** What DuckDB may hold in memory; the rest is spilled to disk. */
  BATCH_MEMORY_LIMIT: z
    .string()
    .regex(/^\d+(\.\d+)?(MB|GB|MiB|GiB)$/, { error: 'allowed is a size like 1GB or 512MB' })
    .default('1GB'),
  /** A file of the master dataset covers at most so many records of the log… */
  BATCH_CHUNK_RECORDS: integer(1, 10_000_000).default(500_000),
  /** …or so many bytes of them, whatever comes first. */
  BATCH_CHUNK_BYTES: integer(1, 4_000_000_000).default(256_000_000),
  /** Rows that are recomputed at once; a larger day is recomputed alone. */
  BATCH_ROWS_AT_ONCE: integer(1, 100_000_000).default(1_000_000),
  /** After so long at an open transaction of another program a run gives up, in milliseconds. */
  BATCH_LOG_WAIT_MS: integer(1_000, 86_400_000).default(300_000),
  /** After so long without a sign of life another process may take over. */
  BATCH_LEASE_MS: integer(300, 3_600_000).default(30_000),
  /** For fault tests only: kills the process when a run comes to this step. */
  TANDEM_CRASH_AT: z.enum(CHECKPOINTS).optional(),
});

export type BatchConfig = z.output<typeof batchConfigSchema>;

export const batchDefaults: BatchConfig = batchConfigSchema.parse({});

export function readBatchConfig(environment?: Readonly<Record<string, string | undefined>>): Readonly<BatchConfig> {
  return environment === undefined ? readConfig(batchConfigSchema) : readConfig(batchConfigSchema, environment);
}

/** The settings under the names of the batch layer's options; where its data lie is for the caller to say. */
export function batchSettingsOf(config: Omit<BatchConfig, 'MASTER_DATASET' | keyof typeof healthSchema.shape>) {
  return {
    partitions: config.LOG_PARTITIONS,
    schedule: config.BATCH_SCHEDULE,
    logLevel: config.LOG_LEVEL,
    threads: config.BATCH_THREADS,
    memoryLimit: config.BATCH_MEMORY_LIMIT,
    maxChunkRecords: config.BATCH_CHUNK_RECORDS,
    maxChunkBytes: config.BATCH_CHUNK_BYTES,
    maxRows: config.BATCH_ROWS_AT_ONCE,
    maxLogWaitMs: config.BATCH_LOG_WAIT_MS,
    leaseMs: config.BATCH_LEASE_MS,
    crashAt: config.TANDEM_CRASH_AT,
  };
}
