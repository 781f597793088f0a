import type { BatchLayerOptions } from '@tandem/batch-layer';
import { batchSettingsOf } from '@tandem/batch-layer/config';
import { kafkaConnectionOf } from '@tandem/shared/adapters/connections';
import type { LabConfig } from '../config.js';
import type { Foundation } from '../foundation.js';

/** What the batch layer is told: data alone, since it crosses into another thread. */
export function batchOptions(config: LabConfig, foundation: Foundation): BatchLayerOptions {
  return {
    databaseUrl: foundation.databaseUrl,
    masterDatasetFolder: foundation.masterDatasetFolder,
    metrics: foundation.metrics,
    kafka: kafkaConnectionOf(config),
    ...batchSettingsOf(config),
  };
}
