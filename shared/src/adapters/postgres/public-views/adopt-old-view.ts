import { type PublicColumn, publicViewsOver } from '../../../batch-view/public-views.js';
import type { Transaction } from '../database.js';
import { COLUMNS_SQL, OLD_VIEW_SQL } from '../sql/public-views.sql.js';
import { storeDefinition } from './show-run.js';
import { findViews } from './swap-view.js';

/** Where the views of version 0.1 found the run to show. */
const OLD_SOURCE = 'tandem.batch_current c';

/**
 * Stores how to show the definitions that views of version 0.1 show, from their own text: a program that has another
 * definition by now can then go on showing the rows of the old one.
 */
export async function adoptOldViews(transaction: Transaction, metrics: readonly string[]): Promise<void> {
  for (const [metric, view] of await findViews(transaction, metrics)) {
    if (view.kind !== 'old') continue;
    const { rows } = await transaction.query<{ table: string; sql: string }>(OLD_VIEW_SQL, [view.oid]);
    const [old] = rows;
    if (!old?.sql.includes(OLD_SOURCE)) continue;
    const columns = (await transaction.query<Pick<PublicColumn, 'name' | 'type'>>(COLUMNS_SQL, [view.oid])).rows;
    const cubeSql = old.sql
      .replace(OLD_SOURCE, `(SELECT run_id FROM tandem.public_view WHERE metric = '${metric}') c`)
      .replace(/;\s*$/, '');
    const shown = columns.map((column) => ({ ...column, sql: `r."${column.name}"`, comment: OF_OLD_DEFINITION }));
    const hash = old.table.slice(-HASH_LENGTH);
    const views = publicViewsOver(metric, cubeSql, shown);
    await storeDefinition(transaction, { metric, hash, views }, 'only its views');
  }
}

const HASH_LENGTH = 8;
const OF_OLD_DEFINITION = 'As an earlier definition of the metric computed it.';
