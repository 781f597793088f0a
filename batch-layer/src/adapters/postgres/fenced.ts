import { TandemError } from '@tandem/shared';
import {
  type Database,
  databaseError,
  inTransaction,
  type Transaction,
} from '@tandem/shared/adapters/postgres/database';

/**
 * A holder that is frozen in the midst of such a transaction keeps every other process from the lease's row. So Postgres
 * waits only so long for its next statement; between two of them nothing is computed.
 */
const LONGEST_PAUSE_MS = 10_000;

const LOCK_SQL = `
  SELECT token, set_config('idle_in_transaction_session_timeout', $1, true) FROM tandem.batch_lease FOR UPDATE`;

/** Locks the lease until the transaction ends and throws `fenced` unless `token` is the newest. */
export async function refuseStale(transaction: Transaction, token: number): Promise<void> {
  const { rows } = await transaction.query<{ token: string }>(LOCK_SQL, [String(LONGEST_PAUSE_MS)]);
  const newest = Number(rows[0]?.token);
  if (newest === token) return;
  throw new TandemError(
    'fenced',
    `found the lease token ${token}; allowed is ${newest}: another process has taken over`,
  );
}

/** Runs `work` in one transaction that only the lease's holder can commit. */
export async function inFencedTransaction<Result>(
  database: Database,
  token: number,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  try {
    return await inTransaction(database, async (transaction) => {
      await refuseStale(transaction, token);
      return await work(transaction);
    });
  } catch (error) {
    throw databaseError(error);
  }
}
