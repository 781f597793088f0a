import { TandemError } from '@tandem/shared';
import {
  type Database,
  databaseError,
  inTransaction,
  type Transaction,
} from '@tandem/shared/adapters/postgres/database';

/** Locks the lease until the transaction ends and throws `fenced` unless `token` is the newest. */
export async function refuseStale(transaction: Transaction, token: number): Promise<void> {
  const { rows } = await transaction.query<{ token: string }>('SELECT token FROM tandem.batch_lease FOR UPDATE');
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
