import { definitionHash, type Logger, type Metric, type PublishedRun, type RunStore } from '@tandem/shared';

/**
 * Asks for a run when the current one was computed with other definitions than today's: until it is published,
 * what is new or changed cannot be answered. A run that is already active will carry them.
 */
export async function requestMissingRun(runs: RunStore, metrics: readonly Metric[], logger: Logger): Promise<void> {
  const outdated = outdatedMetrics(await runs.current(), metrics);
  if (outdated.length === 0) return;
  const request = await runs.request('incremental', 'start');
  logger.info({ outdated, request }, 'the current run does not carry the definitions of today: asked for a new one');
}

/** Names of the metrics that the run does not carry as they are defined now. Run 0 is empty for every definition. */
export function outdatedMetrics({ definitions }: PublishedRun, metrics: readonly Metric[]): readonly string[] {
  if (definitions === null) return [];
  return metrics.filter((metric) => definitions[metric.name] !== definitionHash(metric)).map(({ name }) => name);
}
