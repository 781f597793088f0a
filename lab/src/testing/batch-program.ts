import { startBatchLayer } from '@tandem/batch-layer';
import { batchSettingsOf, readBatchConfig } from '@tandem/batch-layer/config';
import { loadMetrics } from '@tandem/shared';

/** A second batch layer on the embedded log and database of a running lab, in a process of its own: for tests that race and kill it. */
const config = readBatchConfig();
const layer = await startBatchLayer({
  databaseUrl: config.POSTGRES_URL ?? '',
  masterDatasetFolder: config.MASTER_DATASET,
  metrics: await loadMetrics(),
  ...batchSettingsOf(config),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void layer.stop());
