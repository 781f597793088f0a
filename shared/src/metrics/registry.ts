import { readdir } from 'node:fs/promises';
import { publicViewNames } from '../batch-view/public-views.js';
import { TandemError } from '../errors.js';
import type { Metric } from './metric.js';

const SUFFIX = '.metric.js';

/** Every metric defined in this folder, by file name. Adding a metric is adding one `*.metric.ts` file here. */
export async function loadMetrics(folder: URL = new URL('./', import.meta.url)): Promise<readonly Metric[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(SUFFIX)).sort();
  const metrics = await Promise.all(files.map((file) => loadMetric(new URL(file, folder))));
  const twice = metrics.find((metric, index) => metrics.findIndex(({ name }) => name === metric.name) !== index);
  if (twice)
    throw new TandemError(
      'definition-invalid',
      `found two metrics named ${twice.name}; allowed is one: rename one of them`,
    );
  refuseSharedViewNames(metrics);
  return metrics;
}

/** Throws `definition-invalid` when a metric is named like a view of another: `revenue_daily` beside `revenue`. */
export function refuseSharedViewNames(metrics: readonly Metric[]): void {
  for (const { name } of metrics) {
    const taken = metrics.find((other) => other.name !== name && publicViewNames(other.name).includes(name));
    if (taken) {
      throw new TandemError(
        'definition-invalid',
        `found the metrics ${taken.name} and ${name}, both with a view batch_view.${name}; allowed is one: rename one of them`,
      );
    }
  }
}

async function loadMetric(file: URL): Promise<Metric> {
  const module = (await import(file.href)) as { default?: Metric };
  if (module.default?.name === undefined) {
    throw new TandemError(
      'definition-invalid',
      `${file.pathname}: found no default export; allowed is one made by defineMetric`,
    );
  }
  return module.default;
}
