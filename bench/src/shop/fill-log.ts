import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { from as copyFrom } from 'pg-copy-streams';
import { openDuckDb } from '../harness/duckdb.js';
import { PARTITIONS, type Workplace } from '../harness/workplace.js';
import { createShopSql, EVENT_JSON_SQL, OCCURRED_TEXT_SQL, type ShopSize } from './shop-events.sql.js';

const SELECT_RECORDS_SQL = `
  SELECT partition, "offset", coalesce(ticket_id, customer_id, order_id) AS key, ${EVENT_JSON_SQL} AS value
  FROM (SELECT *, ${OCCURRED_TEXT_SQL} AS occurred_text FROM shop) ORDER BY position`;
const COPY_RECORDS_SQL = `COPY tandem.log_record (partition, "offset", key, value) FROM STDIN (FORMAT csv)`;
const SET_HEADS_SQL = `
  UPDATE tandem.log_head h SET next_offset = coalesce((
    SELECT max("offset") + 1 FROM tandem.log_record r WHERE r.partition = h.partition), 0)`;

/** Writes a shop's events into the log's table in the order in which they came, as if they had been appended. */
export async function fillLog(place: Workplace, database: Database, size: ShopSize): Promise<void> {
  const file = join(place.folder, 'log.csv');
  const duckdb = await openDuckDb();
  try {
    await duckdb.connection.run(createShopSql(size, PARTITIONS));
    await duckdb.connection.run(`COPY (${SELECT_RECORDS_SQL}) TO '${file}' (FORMAT csv, HEADER false)`);
  } finally {
    duckdb.close();
  }
  await copyFile(database, COPY_RECORDS_SQL, file);
  await database.query(SET_HEADS_SQL);
  await database.query('VACUUM (ANALYZE, FREEZE) tandem.log_record');
}

/** Feeds a file to a COPY … FROM STDIN, then removes it. */
export async function copyFile(database: Database, copySql: string, file: string): Promise<void> {
  const client = await database.connect();
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), client.query(copyFrom(copySql)));
  } finally {
    client.release();
    await rm(file, { force: true });
  }
}
