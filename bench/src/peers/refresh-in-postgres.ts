import { join } from 'node:path';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { openDuckDb } from '../harness/duckdb.js';
import { copyFile } from '../shop/fill-log.js';
import {
  CREATE_EVENT_TABLE_SQL,
  CREATE_VIEWS_SQL,
  EVENT_COLUMNS_SQL,
  REFRESH_SQL,
  SESSION_SQL,
} from './refresh-in-postgres.sql.js';

/** Fills the peer's table with the events of the Parquet files, and makes its views, empty. */
export async function makeViewsInPostgres(database: Database, files: readonly string[], folder: string): Promise<void> {
  const file = join(folder, 'events.csv');
  const { connection, close } = await openDuckDb();
  try {
    const list = files.map((path) => `'${path}'`).join(', ');
    await connection.run(
      `COPY (SELECT ${EVENT_COLUMNS_SQL} FROM read_parquet([${list}])) TO '${file}' (FORMAT csv, HEADER false)`,
    );
  } finally {
    close();
  }
  await database.query(CREATE_EVENT_TABLE_SQL);
  await copyFile(database, `COPY peer.event (${EVENT_COLUMNS_SQL}) FROM STDIN (FORMAT csv)`, file);
  await database.query(CREATE_VIEWS_SQL);
  await database.query('VACUUM (ANALYZE) peer.event');
}

export async function refreshInPostgres(database: Database): Promise<void> {
  const client = await database.connect();
  try {
    await client.query(SESSION_SQL);
    for (const statement of REFRESH_SQL) await client.query(statement);
  } finally {
    client.release(true);
  }
}
