import { TandemError } from '../../errors.js';
import { type Database, databaseError, inTransaction } from './database.js';
import { PUBLIC_VIEW_SCHEMA_SQL } from './sql/public-views.sql.js';
import { IDENTITY_SQL, SCHEMA_SQL, SEED_SQL } from './sql/schema.sql.js';

/** Any number that no other program would lock: keeps two processes from migrating at once. */
const MIGRATION_LOCK = 7_426_001;

/**
 * Makes the tables if they are not there; idempotent, safe with concurrent starters.
 * Throws `configuration-invalid` when the log exists with another number of partitions, `unavailable` when Postgres is away.
 */
export async function migrate(database: Database, partitions: number): Promise<void> {
  try {
    await makeTables(database, partitions);
  } catch (error) {
    throw databaseError(error);
  }
}

async function makeTables(database: Database, partitions: number): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const { rows } = await transaction.query<{ there: boolean }>(
      `SELECT to_regclass('tandem.log_head') IS NOT NULL AS there`,
    );
    if (!rows[0]?.there) {
      await transaction.query(SCHEMA_SQL);
      for (const statement of SEED_SQL) await transaction.query(statement, [partitions]);
    }
    await transaction.query(IDENTITY_SQL);
    await transaction.query(PUBLIC_VIEW_SCHEMA_SQL);
    const { rows: heads } = await transaction.query('SELECT partition FROM tandem.log_head');
    if (heads.length !== partitions) {
      throw new TandemError(
        'configuration-invalid',
        `LOG_PARTITIONS: found ${partitions}, but the log in this database has ${heads.length} partitions; set it to ${heads.length}, or start with an empty database`,
      );
    }
  });
}
