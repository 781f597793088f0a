import type { DuckDBConnection } from '@duckdb/node-api';
import { type DuckDbSettings, openDuckDb } from '../harness/duckdb.js';
import { type PeerOptions, recomputeSql } from './recompute-in-duckdb.sql.js';

/** Runs the peer's statements in a new DuckDB; `inspect` may look at the tables before they are gone. */
export async function recomputeInDuckDb(
  options: PeerOptions,
  settings: DuckDbSettings,
  inspect: (connection: DuckDBConnection) => Promise<void> = async () => {},
): Promise<void> {
  const { connection, close } = await openDuckDb(':memory:', settings);
  try {
    await connection.run('SET preserve_insertion_order = false');
    for (const statement of recomputeSql(options)) await connection.run(statement);
    await inspect(connection);
  } finally {
    close();
  }
}
