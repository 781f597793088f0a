import type { LogLevel, Metric } from '@tandem/shared';
import type { KafkaTopic } from '@tandem/shared/adapters/connections';
import type { Checkpoint } from './checkpoint.js';

/** Plain data, so that it can be handed to a worker thread. */
export type BatchLayerOptions = {
  /** A migrated database (see migrate). */
  readonly databaseUrl: string;
  readonly masterDatasetFolder: string;
  readonly partitions: number;
  /** Where the log is; null, the default: in tables of the database. */
  readonly kafka?: KafkaTopic | null;
  readonly metrics: readonly Metric[];
  /** Cron expression in UTC, or `off`. */
  readonly schedule: string;
  readonly logLevel: LogLevel;
  /** See config.ts for what these mean and their defaults. */
  readonly threads?: number;
  readonly memoryLimit?: string;
  readonly maxChunkRecords?: number;
  readonly maxChunkBytes?: number;
  readonly maxRows?: number;
  readonly maxLogWaitMs?: number;
  readonly leaseMs?: number;
  /** For fault tests only. */
  readonly crashAt?: Checkpoint | undefined;
};
