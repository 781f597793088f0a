import pg from 'pg';
import { messageOf, TandemError } from '../../errors.js';

export type Database = pg.Pool;
export type Transaction = pg.PoolClient;

export type DatabaseOptions = {
  /** postgres://user@host:port/database */
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly maxConnections: number;
  /** Longest time one statement may take before the server cancels it; 0 means no limit. */
  readonly statementTimeoutMs: number;
  /** Called when an idle connection breaks (a server restart): not fatal, the pool opens another. */
  readonly onConnectionLost: (error: Error) => void;
};

const CONNECT_TIMEOUT_MS = 5_000;
const SERVER_ANSWER_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
const LOCK_TIMEOUT_MS = 30_000;

/**
 * For every connection: a server that is gone without a word is noticed, also by a statement that has no time limit. On
 * Linux with its defaults that takes 11 minutes; without it, for ever.
 */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;

/** Opens a pool. Does not connect yet. A broken connection never ends the process. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.maxConnections,
    ...KEEP_ALIVE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: options.statementTimeoutMs,
    // For a server that is gone without a word: the client stops waiting a little later than the server would.
    query_timeout: options.statementTimeoutMs && options.statementTimeoutMs + SERVER_ANSWER_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  pool.on('error', options.onConnectionLost);
  // A checked-out connection that breaks rejects its query; without a listener it would also end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function inTransaction<Result>(
  database: Database,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await database.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

const CONNECTION_FAULTS = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT'];
/** SQLSTATE classes: connection exception, rollback (deadlock), insufficient resources (disk full), lock timeout, operator intervention, system error. */
const UNAVAILABLE_CLASSES = ['08', '40', '53', '55', '57', '58'];

/** SQLSTATE, or the code of a fault of the connection; empty for another error. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '');
}

/** Turns an error of the driver into ours: `unavailable` when trying again may help, `internal` otherwise. */
export function databaseError(error: unknown): TandemError {
  if (error instanceof TandemError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const isUnavailable =
    CONNECTION_FAULTS.includes(code) ||
    UNAVAILABLE_CLASSES.includes(code.slice(0, 2)) ||
    /connection|timeout|terminated/i.test(message);
  return new TandemError(isUnavailable ? 'unavailable' : 'internal', `Postgres: ${message}`, {
    cause: error,
    facts: { code },
  });
}
