import { storedViewsOf } from '../../../batch-view/public-views.js';
import type { Metric } from '../../../metrics/metric.js';
import { type Database, inTransaction, type Transaction } from '../database.js';
import { CURRENT_DEFINITIONS_SQL, IS_BEHIND_SQL, UNSHOWN_SQL } from '../sql/public-views.sql.js';
import { adoptOldViews } from './adopt-old-view.js';
import { type Budget, Clock, isBusy } from './attempt.js';
import type { Notice } from './notice.js';
import { moveViews, type RunToShow, storeDefinition, swapViews } from './show-run.js';

/** True while public views show another run than the current one, or another definition than is stored for it. */
export async function areViewsBehind(database: Database, metrics: readonly Metric[]): Promise<boolean> {
  const { rows } = await database.query<{ behind: boolean }>(IS_BEHIND_SQL, [metrics.map(({ name }) => name)]);
  return rows[0]?.behind ?? false;
}

/**
 * Makes what is missing of the public views and lets them show the current run, in a transaction of its own. Views that
 * a reader holds stay as they are: see `swapViews`. Does nothing while a run is being published or rolled back, which
 * does the same at its end. Returns what the log should say.
 */
export async function showCurrentRun(
  database: Database,
  metrics: readonly Metric[],
  budget: Budget,
): Promise<readonly Notice[]> {
  try {
    return await inTransaction(database, (transaction) => show(transaction, metrics, budget));
  } catch (error) {
    if (isBusy(error as Error)) return [];
    throw error;
  }
}

async function show(transaction: Transaction, metrics: readonly Metric[], budget: Budget): Promise<readonly Notice[]> {
  const clock = new Clock(budget);
  await transaction.query(`SELECT set_config('lock_timeout', $1, true)`, [clock.limits()[0]]);
  const { rows } = await transaction.query<{ id: string; definitions: RunToShow['definitions'] }>(
    CURRENT_DEFINITIONS_SQL,
  );
  const id = Number(rows[0]?.id);
  const names = metrics.map(({ name }) => name);
  for (const metric of metrics) await storeDefinition(transaction, storedViewsOf(metric));
  await adoptOldViews(transaction, names);
  const unshown = await transaction.query<{ metric: string; hash: string | null }>(UNSHOWN_SQL, [names]);
  const ours = new Map(metrics.map((metric) => [metric.name, storedViewsOf(metric).hash]));
  const made = unshown.rows.map(({ metric, hash }) => [metric, hash ?? ours.get(metric) ?? '']);
  const definitions = { ...rows[0]?.definitions, ...Object.fromEntries(made) };
  await moveViews(transaction, { id, definitions: rows[0]?.definitions ?? null });
  return await swapViews(transaction, { id, definitions }, clock);
}
