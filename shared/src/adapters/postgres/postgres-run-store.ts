import { TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { BatchRun, PublishedRun, RunMode, RunRequest, RunStore, RunTrigger } from '../../ports/run-store.js';
import { refuseStaleRollback } from '../../refuse-stale-rollback.js';
import { codeOf, type Database, databaseError, inTransaction, type Transaction } from './database.js';
import { Clock, VIEW_BUDGET } from './public-views/attempt.js';
import { logNotices, type Notice } from './public-views/notice.js';
import { emptyUnknownViews, moveViews, swapViews } from './public-views/show-run.js';
import { type PublishedRunRow, type RunRow, toBatchRun, toPublishedRun } from './run-rows.js';
import { toSafeInteger } from './safe-integer.js';
import {
  ACTIVE_RUN_SQL,
  CURRENT_RUN_SQL,
  GET_RUN_SQL,
  KEPT_RUNS_SQL,
  LIST_RUNS_SQL,
  LOCK_CURRENT_SQL,
  OLDER_KEPT_RUN_SQL,
  POINT_TO_RUN_SQL,
  REQUEST_RUN_SQL,
} from './sql/runs.sql.js';

const UNIQUE_VIOLATION = '23505';
/** Between a refused insert and the look at who is active, that run may end: then the insert is tried again. */
const MAX_REQUEST_ATTEMPTS = 10;

/** Runs and the pointer to the current one, in Postgres. */
export class PostgresRunStore implements RunStore {
  readonly #database: Database;
  readonly #logger: Logger;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  async request(mode: RunMode, trigger: RunTrigger): Promise<RunRequest> {
    for (let attempt = 0; attempt < MAX_REQUEST_ATTEMPTS; attempt++) {
      const id = await this.#insertRequest(mode, trigger);
      if (id !== undefined) return { accepted: true, id };
      const [active] = await this.#query<{ id: string }>('active-run', ACTIVE_RUN_SQL, []);
      if (active) return { accepted: false, activeId: toSafeInteger(active.id) };
    }
    throw new TandemError(
      'conflict',
      `found other runs starting and ending ${MAX_REQUEST_ATTEMPTS} times in a row; ask again`,
    );
  }

  async list(limit: number): Promise<readonly BatchRun[]> {
    return (await this.#query<RunRow>('list-runs', LIST_RUNS_SQL, [limit])).map(toBatchRun);
  }

  async get(id: number): Promise<BatchRun | undefined> {
    if (!Number.isSafeInteger(id)) return undefined;
    const [row] = await this.#query<RunRow>('get-run', GET_RUN_SQL, [id]);
    return row && toBatchRun(row);
  }

  async current(): Promise<PublishedRun> {
    const [row] = await this.#query<PublishedRunRow>('current-run', CURRENT_RUN_SQL, []);
    if (!row) throw new TandemError('corrupt', 'found no current run; tandem.batch_current must hold one row');
    return toPublishedRun(row);
  }

  async kept(): Promise<readonly PublishedRun[]> {
    return (await this.#query<PublishedRunRow>('kept-runs', KEPT_RUNS_SQL, [])).map(toPublishedRun);
  }

  async rollback(from?: number): Promise<PublishedRun> {
    try {
      const { run, notices } = await inTransaction(this.#database, (transaction) => pointToOlderRun(transaction, from));
      logNotices(this.#logger, notices);
      return run;
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** The new run's id, or undefined when another is active. */
  async #insertRequest(mode: RunMode, trigger: RunTrigger): Promise<number | undefined> {
    try {
      const { rows } = await this.#database.query<{ id: string }>(REQUEST_RUN_SQL, [mode, trigger]);
      return toSafeInteger(rows[0]?.id ?? '');
    } catch (error) {
      if (codeOf(error) === UNIQUE_VIOLATION) return undefined;
      throw databaseError(error);
    }
  }

  async #query<Row extends object>(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      const { rows } = await this.#database.query<Row>({ name, text, values: [...values] });
      return rows;
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** Publishing locks the same row, so no run can be published, and no other rollback happen, in between. */
async function pointToOlderRun(
  transaction: Transaction,
  from: number | undefined,
): Promise<{ readonly run: PublishedRun; readonly notices: readonly Notice[] }> {
  const { rows: pointers } = await transaction.query<{ run_id: string }>(LOCK_CURRENT_SQL);
  refuseStaleRollback(from, toSafeInteger(pointers[0]?.run_id ?? ''));
  const { rows: active } = await transaction.query<{ id: string }>(ACTIVE_RUN_SQL);
  if (active[0]) {
    throw new TandemError('conflict', `found run ${active[0].id} active; roll back when it has ended`, {
      facts: { activeId: toSafeInteger(active[0].id) },
    });
  }
  const { rows } = await transaction.query<PublishedRunRow>(OLDER_KEPT_RUN_SQL, [pointers[0]?.run_id]);
  const older = rows[0];
  if (!older) {
    throw new TandemError('conflict', `found no kept run older than run ${pointers[0]?.run_id}: it stays current`);
  }
  await transaction.query(POINT_TO_RUN_SQL, [older.id]);
  const run = toPublishedRun(older);
  await moveViews(transaction, run);
  await emptyUnknownViews(transaction, run);
  return { run, notices: await swapViews(transaction, run, new Clock(VIEW_BUDGET)) };
}
