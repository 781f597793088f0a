import { type RunMode, type RunState, type RunWait, TandemError } from '@tandem/shared';
import { type Database, databaseError, type Transaction } from '@tandem/shared/adapters/postgres/database';
import { ADD_WITNESS_SQL } from '@tandem/shared/adapters/postgres/log-witness';
import { toSafeInteger } from '@tandem/shared/adapters/postgres/safe-integer';
import type { BaseRun, Cut, Durations, OpenRun, RunFault, RunLedger } from '../../ports/run-ledger.js';
import { inFencedTransaction } from './fenced.js';

const OPEN_SQL = `SELECT id, mode, state FROM tandem.batch_run WHERE state NOT IN ('published', 'failed')`;
const BASE_SQL = `
  SELECT r.id, r.boundary, r.definitions
  FROM tandem.batch_current c JOIN tandem.batch_run r ON r.id = c.run_id`;
const START_SQL = `
  UPDATE tandem.batch_run SET state = 'cutting', started_at = clock_timestamp(), base_run = $2,
    durations_ms = jsonb_build_object(
      'requested', greatest(0, round(extract(epoch FROM clock_timestamp() - requested_at) * 1000)))
  WHERE id = $1 AND state = 'requested'`;
const STORE_BOUNDARY_SQL = `
  UPDATE tandem.batch_run SET state = 'archiving', boundary = $2, durations_ms = durations_ms || $3::jsonb
  WHERE id = $1 AND state = 'cutting'`;
const ENTER_SQL = `
  UPDATE tandem.batch_run SET state = $2, durations_ms = durations_ms || $3::jsonb
  WHERE id = $1 AND state NOT IN ('published', 'failed')`;
const WAIT_SQL = `
  INSERT INTO tandem.run_wait (run_id, reason, since) VALUES ($1, $2, $3)
  ON CONFLICT (run_id) DO UPDATE SET reason = excluded.reason, since = excluded.since`;
const WAIT_NO_MORE_SQL = 'DELETE FROM tandem.run_wait WHERE run_id = $1';
const FAIL_SQL = `
  UPDATE tandem.batch_run SET state = 'failed', finished_at = clock_timestamp(), error = $2::jsonb,
    durations_ms = durations_ms || $3::jsonb
  WHERE id = $1 AND state NOT IN ('published', 'failed')`;
/** Waits for a publication whose commit is on its way: that transaction holds the row. */
const OUTCOME_SQL = 'SELECT state FROM tandem.batch_run WHERE id = $1 FOR UPDATE';

/** How far runs are, in Postgres. */
export class PostgresRunLedger implements RunLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async open(): Promise<OpenRun | undefined> {
    const [row] = await this.#query<{ id: string; mode: RunMode; state: RunState }>(OPEN_SQL, []);
    return row && { ...row, id: toSafeInteger(row.id) };
  }

  async base(): Promise<BaseRun> {
    const [row] = await this.#query<{
      id: string;
      boundary: readonly string[];
      definitions: BaseRun['definitions'];
    }>(BASE_SQL, []);
    if (!row) throw new TandemError('corrupt', 'found no current run; tandem.batch_current must hold one row');
    const { id, boundary, definitions } = row;
    return { id: toSafeInteger(id), boundary: boundary.map(toSafeInteger), definitions };
  }

  async start(token: number, runId: number, baseRun: number): Promise<void> {
    await this.#update(token, runId, START_SQL, [runId, baseRun]);
  }

  async storeBoundary(token: number, runId: number, { barrier, boundary }: Cut, durations: Durations): Promise<void> {
    await inFencedTransaction(this.#database, token, async (transaction) => {
      await updateOne(transaction, runId, STORE_BOUNDARY_SQL, [runId, boundary, JSON.stringify(durations)]);
      await transaction.query(ADD_WITNESS_SQL, [runId, barrier, boundary]);
    });
  }

  async enter(token: number, runId: number, state: RunState, durations: Durations): Promise<void> {
    await this.#update(token, runId, ENTER_SQL, [runId, state, JSON.stringify(durations)]);
  }

  async wait(token: number, runId: number, waiting: RunWait | null): Promise<void> {
    await inFencedTransaction(this.#database, token, async (transaction) => {
      if (waiting === null) await transaction.query(WAIT_NO_MORE_SQL, [runId]);
      else await transaction.query(WAIT_SQL, [runId, waiting.for, waiting.since]);
    });
  }

  async fail(token: number, runId: number, fault: RunFault, durations: Durations): Promise<void> {
    // Postgres' jsonb cannot hold NUL, and a message may quote anything.
    const error = JSON.stringify(fault).replaceAll('\\u0000', '');
    await this.#update(token, runId, FAIL_SQL, [runId, error, JSON.stringify(durations)]);
  }

  async outcome(runId: number): Promise<RunState | undefined> {
    const [row] = await this.#query<{ state: RunState }>(OUTCOME_SQL, [runId]);
    return row?.state;
  }

  async #update(token: number, runId: number, text: string, values: readonly unknown[]): Promise<void> {
    await inFencedTransaction(this.#database, token, (transaction) => updateOne(transaction, runId, text, values));
  }

  async #query<Row extends object>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return (await this.#database.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw databaseError(error);
    }
  }
}

async function updateOne(transaction: Transaction, runId: number, text: string, values: readonly unknown[]) {
  const { rowCount } = await transaction.query(text, [...values]);
  if (rowCount === 1) return;
  throw new TandemError('conflict', `run ${runId}: found it in another state than this step follows`);
}
