import { join } from 'node:path';
import {
  createViewTableSql,
  definitionHash,
  type Logger,
  type Metric,
  storedViewsOf,
  TandemError,
  viewTableName,
} from '@tandem/shared';
import {
  type Database,
  databaseError,
  inTransaction,
  type Transaction,
} from '@tandem/shared/adapters/postgres/database';
import {
  attempt,
  Clock,
  dependentsNamedBy,
  RETRY_BUDGET,
  VIEW_BUDGET,
} from '@tandem/shared/adapters/postgres/public-views/attempt';
import { logNotices, type Notice, tableKept } from '@tandem/shared/adapters/postgres/public-views/notice';
import { areViewsBehind, showCurrentRun } from '@tandem/shared/adapters/postgres/public-views/show-current-run';
import {
  moveViews,
  type RunToShow,
  retireViews,
  storeDefinition,
  swapViews,
} from '@tandem/shared/adapters/postgres/public-views/show-run';
import type { OnCheckpoint } from '../../checkpoint.js';
import type { BaseExport } from '../../ports/batch-engine.js';
import type { Publication, ViewPublisher } from '../../ports/view-publisher.js';
import { onDisk } from '../files/storage-fault.js';
import { copyIn, copyOut } from './copy-files.js';
import { refuseStale } from './fenced.js';
import * as sql from './sql/publish.sql.js';

/** Published runs whose views stay, for rollback and for drift. */
const KEPT_RUNS = 3;
/** How long after a look at views that wait for a reader the next one is. */
const RETRY_MS = 5_000;
/** Of a table's name: the underscore and the hash. */
const HASH_PART = 9;
/** Any number that no other program would lock: keeps two processes from making the same table at once. */
const PREPARE_LOCK = 7_426_002;

/** The batch views as tables in Postgres. */
export class PostgresViewPublisher implements ViewPublisher {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #onCheckpoint: OnCheckpoint;
  #nextLookAt = 0;
  #said = '';

  constructor(database: Database, logger: Logger, onCheckpoint: OnCheckpoint) {
    this.#database = database;
    this.#logger = logger;
    this.#onCheckpoint = onCheckpoint;
  }

  async prepare(metrics: readonly Metric[]): Promise<void> {
    await this.#inTransaction(async (transaction) => {
      await transaction.query('SELECT pg_advisory_xact_lock($1)', [PREPARE_LOCK]);
      for (const metric of metrics) {
        await transaction.query(createViewTableSql(metric));
        await storeDefinition(transaction, storedViewsOf(metric));
      }
    });
  }

  async showViews(metrics: readonly Metric[]): Promise<void> {
    this.#say(await this.#guard(() => showCurrentRun(this.#database, metrics, VIEW_BUDGET)));
  }

  async showViewsThatWait(metrics: readonly Metric[]): Promise<void> {
    if (performance.now() < this.#nextLookAt) return;
    await this.#guard(async () => {
      if (!(await areViewsBehind(this.#database, metrics))) return;
      this.#nextLookAt = performance.now() + RETRY_MS;
      this.#say(await showCurrentRun(this.#database, metrics, RETRY_BUDGET));
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
    const notices = await this.#inTransaction(async (transaction) => {
      // Buckets come as UTC without saying so.
      await transaction.query(`SET LOCAL TimeZone = 'UTC'`);
      await copyResult(transaction, publication);
      await this.#onCheckpoint('publish-rows-copied');
      await refuseStale(transaction, publication.token);
      await refuseOtherBase(transaction, publication.baseRun);
      await point(transaction, publication);
      await this.#onCheckpoint('publish-pointed');
      const run = { id: publication.runId, definitions: definitionsOf(publication.metrics) };
      await closeRun(transaction, publication, run);
      await moveViews(transaction, run);
      await forget(transaction, publication.metrics, run);
      // Late, as readers of a view that gets another definition wait from here to the commit.
      const clock = new Clock(VIEW_BUDGET);
      const swapped = await swapViews(transaction, run, clock);
      const dropped = await dropOldTables(transaction, publication.metrics, clock);
      await transaction.query(sql.NOTIFY_SQL, [String(publication.runId)]);
      await this.#onCheckpoint('publish-before-commit');
      await transaction.query(sql.FINISH_RUN_SQL, [publication.runId, JSON.stringify(publication.durations())]);
      return [...swapped, ...dropped];
    });
    this.#say(notices);
    await this.#onCheckpoint('publish-committed');
  }

  /** What was said the last time is not said again: a reader may hold a view for hours. */
  #say(notices: readonly Notice[]): void {
    const text = JSON.stringify(notices);
    if (text !== this.#said) logNotices(this.#logger, notices);
    this.#said = text;
  }

  #inTransaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#guard(() => inTransaction(this.#database, work));
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
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

function definitionsOf(metrics: readonly Metric[]): Readonly<Record<string, string>> {
  return Object.fromEntries(metrics.map((metric) => [metric.name, definitionHash(metric)]));
}

async function closeRun(
  transaction: Transaction,
  { days }: Publication,
  { id, definitions }: RunToShow,
): Promise<void> {
  const values = [id, JSON.stringify(definitions), days.length];
  const { rowCount } = await transaction.query(sql.CLOSE_RUN_SQL, values);
  if (rowCount !== 1) throw new TandemError('conflict', `run ${id}: found it no longer publishing`);
}

/** Deletes the rows that no kept run needs. */
async function forget(transaction: Transaction, metrics: readonly Metric[], { definitions }: RunToShow): Promise<void> {
  await transaction.query(sql.LET_GO_SQL, [KEPT_RUNS, JSON.stringify(definitions)]);
  await transaction.query(sql.FORGET_DAYS_SQL);
  await transaction.query(sql.FIND_OBSOLETE_SQL);
  for (const metric of metrics) {
    await transaction.query(sql.forgetDayRowsSql(metric));
    await transaction.query(sql.forgetAllTimeRowsSql(metric));
  }
  await transaction.query(sql.FORGET_TALLIES_SQL);
  await transaction.query(sql.FORGET_CONFLICTS_SQL);
}

/** A table that a reader holds, or that somebody's own objects depend on, stays. Returns what the log should say. */
async function dropOldTables(
  transaction: Transaction,
  metrics: readonly Metric[],
  clock: Clock,
): Promise<readonly Notice[]> {
  const today = metrics.map((metric) => viewTableName(metric).replace('tandem.', ''));
  const { rows } = await transaction.query<{ name: string }>(sql.FIND_OLD_TABLES_SQL, [today]);
  const notices: Notice[] = [];
  for (const { name } of rows) {
    const [metric, hash] = [name.slice(0, -HASH_PART), name.slice(1 - HASH_PART)];
    if (!metrics.some((defined) => defined.name === metric)) {
      notices.push(...(await retireViews(transaction, metric, clock)));
    }
    const error = await attempt(transaction, clock, async (run) => {
      await run(sql.dropTableSql(name));
      await run(sql.FORGET_DEFINITION_SQL, [metric, hash]);
    });
    if (error !== undefined) notices.push(tableKept(name, error, dependentsNamedBy(error)));
  }
  return notices;
}
