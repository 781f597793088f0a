import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EVENT_COLUMNS } from '@tandem/batch-layer/adapters/duckdb/sql/event-columns';
import { dayOf } from '@tandem/shared';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { openDuckDb } from '../harness/duckdb.js';
import { PARTITIONS } from '../harness/workplace.js';
import { createShopSql, FIRST_DAY_MS, type ShopSize } from './shop-events.sql.js';

const MS_PER_DAY = 86_400_000;

export type MasterDataset = {
  /** Absolute. */
  readonly folder: string;
  /** Absolute, one per day, in their order. */
  readonly files: readonly string[];
  readonly bytes: number;
};

const INSERT_FILE_SQL = `
  INSERT INTO tandem.archive_file (path, day, row_count, byte_count, sha256, first_offsets, last_offsets)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const INSERT_STRETCH_SQL = `
  INSERT INTO tandem.archive_stretch (partition, from_offset, to_offset, events, invalid, barriers)
  VALUES ($1, 0, $2, $2, 0, 0)`;

/**
 * Writes a shop's events as the archiver would have, one file a day, with their catalog, and sets the log's heads and
 * the archive's position behind them. The log's records themselves are left out: no run will read them again.
 */
export async function writeMasterDataset(folder: string, database: Database, size: ShopSize): Promise<MasterDataset> {
  const duckdb = await openDuckDb();
  const written: { readonly file: string; readonly bytes: number }[] = [];
  try {
    const { connection } = duckdb;
    await connection.run(createShopSql(size, PARTITIONS));
    await connection.run('ALTER TABLE shop ADD COLUMN sku VARCHAR; ALTER TABLE shop ADD COLUMN quantity BIGINT');
    await connection.run('ALTER TABLE shop ADD COLUMN previous_priority VARCHAR');
    for (let day = 0; day < size.days; day++) written.push(await writeDay(connection, database, folder, day));
    await passOver(connection, database);
  } finally {
    duckdb.close();
  }
  return {
    folder,
    files: written.map(({ file }) => file),
    bytes: written.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

async function writeDay(connection: DuckDBConnection, database: Database, folder: string, day: number) {
  const fromMs = FIRST_DAY_MS + day * MS_PER_DAY;
  const name = dayOf(fromMs);
  const path = `events/day=${name}/bench.parquet`;
  const file = join(folder, path);
  const columns = [...EVENT_COLUMNS.keys()].map((column) => `"${column}"`).join(', ');
  const where = `occurred_at >= ${fromMs} AND occurred_at < ${fromMs + MS_PER_DAY}`;
  await mkdir(join(folder, 'events', `day=${name}`), { recursive: true });
  await connection.run(
    `COPY (SELECT ${columns} FROM shop WHERE ${where} ORDER BY "partition", "offset") TO '${file}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  const bytes = await readFile(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { rows, first, last } = await offsetsWhere(connection, where);
  await database.query(INSERT_FILE_SQL, [path, name, rows, bytes.length, sha256, first, last]);
  return { file, bytes: bytes.length };
}

/** How many rows there are, and per partition the offsets they lie between: from inclusive, to exclusive. */
async function offsetsWhere(connection: DuckDBConnection, where: string) {
  const reader = await connection.runAndReadAll(
    `SELECT "partition", count(*) AS n, min("offset") AS low, max("offset") + 1 AS high FROM shop WHERE ${where} GROUP BY ALL`,
  );
  const first = new Array<number>(PARTITIONS).fill(0);
  const last = new Array<number>(PARTITIONS).fill(0);
  let rows = 0;
  for (const row of reader.getRowObjects()) {
    rows += Number(row['n']);
    first[Number(row['partition'])] = Number(row['low']);
    last[Number(row['partition'])] = Number(row['high']);
  }
  return { rows, first, last };
}

async function passOver(connection: DuckDBConnection, database: Database): Promise<void> {
  const { last } = await offsetsWhere(connection, 'true');
  for (const [partition, next] of last.entries()) {
    await database.query('UPDATE tandem.log_head SET next_offset = $2 WHERE partition = $1', [partition, next]);
    await database.query('UPDATE tandem.archive_position SET next_offset = $2 WHERE partition = $1', [partition, next]);
    await database.query(INSERT_STRETCH_SQL, [partition, next]);
  }
}
