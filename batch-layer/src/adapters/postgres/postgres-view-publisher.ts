import { join } from 'node:path';
import {
  createPublicViewSql,
  createViewTableSql,
  definitionHash,
  type Metric,
  TandemError,
  viewTableName,
} from '@tandem/shared';
import {
  type Database,
  databaseError,
  inTransaction,
  type Transaction,
} from '@tandem/shared/adapters/postgres/database';
import type { OnCheckpoint } from '../../checkpoint.js';
import type { BaseExport } from '../../ports/batch-engine.js';
import type { Publication, ViewPublisher } from '../../ports/view-publisher.js';
import { onDisk } from '../files/storage-fault.js';
import { copyIn, copyOut } from './copy-files.js';
import { refuseStale } from './fenced.js';
import * as sql from './sql/publish.sql.js';

/** Published runs whose views stay, for rollback and for drift. */
const KEPT_RUNS = 3;
/** Any number that no other program would lock: keeps two processes from making the same table at once. */
const PREPARE_LOCK = 7_426_002;

/** The batch views as tables in Postgres. */
export class PostgresViewPublisher implements ViewPublisher {
  readonly #database: Database;
  readonly #onCheckpoint: OnCheckpoint;

  constructor(database: Database, onCheckpoint: OnCheckpoint) {
    this.#database = database;
    this.#onCheckpoint = onCheckpoint;
  }

  async prepare(metrics: readonly Metric[]): Promise<void> {
    await this.#inTransaction(async (transaction) => {
      await transaction.query('SELECT pg_advisory_xact_lock($1)', [PREPARE_LOCK]);
      for (const metric of metrics) {
        await transaction.query(createViewTableSql(metric));
        await transaction.query(createPublicViewSql(metric));
      }
    });
  }

  async exportBase(
    baseRun: number,
    metrics: readonly Metric[],
    days: readonly string[],
    folder: string,
  ): Promise<BaseExport> {
    const conflictsFile = join(folder, 'base-conflicts.csv');
    const rowFiles = new Map(metrics.map(({ name }) => [name, join(folder, `base-${name}.csv`)]));
    await this.#inTransaction(async (transaction) => {
      await transaction.query(sql.MAKE_DIRTY_DAYS_SQL);
      await transaction.query(sql.ADD_DIRTY_DAYS_SQL, [days]);
      await copyOut(transaction, sql.exportConflictsSql(baseRun), conflictsFile);
      for (const metric of metrics) {
        const file = rowFiles.get(metric.name) ?? '';
        await onDisk(() => copyOut(transaction, sql.exportRowsSql(metric, baseRun), file));
      }
    });
    return { conflictsFile, rowFiles };
  }

  async publish(publication: Publication): Promise<void> {
    await this.#inTransaction(async (transaction) => {
      // Buckets come as UTC without saying so.
      await transaction.query(`SET LOCAL TimeZone = 'UTC'`);
      await copyResult(transaction, publication);
      await this.#onCheckpoint('publish-rows-copied');
      await refuseStale(transaction, publication.token);
      await refuseOtherBase(transaction, publication.baseRun);
      await point(transaction, publication);
      await this.#onCheckpoint('publish-pointed');
      await closeRun(transaction, publication);
      await forget(transaction, publication.metrics);
      await transaction.query(sql.NOTIFY_SQL, [String(publication.runId)]);
      await this.#onCheckpoint('publish-before-commit');
    });
    await this.#onCheckpoint('publish-committed');
  }

  async #inTransaction(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    try {
      await inTransaction(this.#database, work);
    } catch (error) {
      throw databaseError(error);
    }
  }
}

async function copyResult(transaction: Transaction, { metrics, result }: Publication): Promise<void> {
  for (const metric of metrics) {
    for (const file of result.rowFiles.get(metric.name) ?? []) await copyIn(transaction, sql.copyRowsSql(metric), file);
  }
  await copyIn(transaction, sql.COPY_TALLIES_SQL, result.tallyFile);
  await copyIn(transaction, sql.COPY_CONFLICTS_SQL, result.conflictFile);
}

async function refuseOtherBase(transaction: Transaction, baseRun: number): Promise<void> {
  const { rows } = await transaction.query<{ run_id: string }>(sql.LOCK_CURRENT_SQL);
  if (Number(rows[0]?.run_id) === baseRun) return;
  throw new TandemError(
    'conflict',
    `found run ${rows[0]?.run_id} current; allowed is run ${baseRun}, which this run builds on: ask for a new run`,
  );
}

async function point(transaction: Transaction, { runId, baseRun, days }: Publication): Promise<void> {
  await transaction.query(sql.ADD_DAYS_SQL, [runId, baseRun, days]);
  await transaction.query(sql.POINT_SQL, [runId]);
}

async function closeRun(transaction: Transaction, { runId, metrics, days, durations }: Publication): Promise<void> {
  const definitions = Object.fromEntries(metrics.map((metric) => [metric.name, definitionHash(metric)]));
  const values = [runId, JSON.stringify(definitions), days.length, JSON.stringify(durations())];
  const { rowCount } = await transaction.query(sql.CLOSE_RUN_SQL, values);
  if (rowCount !== 1) throw new TandemError('conflict', `run ${runId}: found it no longer publishing`);
}

/** Deletes what no kept run needs. */
async function forget(transaction: Transaction, metrics: readonly Metric[]): Promise<void> {
  await transaction.query(sql.LET_GO_SQL, [KEPT_RUNS]);
  await transaction.query(sql.FORGET_DAYS_SQL);
  await transaction.query(sql.FIND_OBSOLETE_SQL);
  for (const metric of metrics) {
    await transaction.query(sql.forgetDayRowsSql(metric));
    await transaction.query(sql.forgetAllTimeRowsSql(metric));
  }
  await transaction.query(sql.FORGET_TALLIES_SQL);
  await transaction.query(sql.FORGET_CONFLICTS_SQL);
  const today = metrics.map((metric) => viewTableName(metric).replace('tandem.', ''));
  const { rows } = await transaction.query<{ name: string }>(sql.FIND_OLD_TABLES_SQL, [today]);
  for (const { name } of rows) await transaction.query(sql.dropTableSql(name));
}
