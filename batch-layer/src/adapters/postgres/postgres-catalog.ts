import { type Offsets, TandemError } from '@tandem/shared';
import { type Database, databaseError, type Transaction } from '@tandem/shared/adapters/postgres/database';
import { toSafeInteger } from '@tandem/shared/adapters/postgres/safe-integer';
import type { ArchiveStretch, Catalog, CatalogFile } from '../../ports/catalog.js';
import { inFencedTransaction } from './fenced.js';

const POSITION_SQL = 'SELECT next_offset FROM tandem.archive_position ORDER BY partition';
const FILES_SQL = `
  SELECT path, day::text, row_count, byte_count, sha256, first_offsets, last_offsets
  FROM tandem.archive_file ORDER BY day, path`;
const CORRUPT_SQL = 'SELECT path FROM tandem.archive_file WHERE corrupt_since IS NOT NULL ORDER BY path';
const MARK_CORRUPT_SQL = `
  UPDATE tandem.archive_file SET corrupt_since = clock_timestamp() WHERE path = $1 AND corrupt_since IS NULL`;
const ADD_FILE_SQL = `
  INSERT INTO tandem.archive_file (path, day, row_count, byte_count, sha256, first_offsets, last_offsets)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const ADD_STRETCH_SQL = `
  INSERT INTO tandem.archive_stretch (partition, from_offset, to_offset, events, invalid, barriers)
  VALUES ($1, $2, $3, $4, $5, $6)`;
/** Moves on only from where the stretch began: nothing is archived twice. */
const ADVANCE_SQL = 'UPDATE tandem.archive_position SET next_offset = $3 WHERE partition = $1 AND next_offset = $2';
const REMOVE_FILE_SQL = 'DELETE FROM tandem.archive_file WHERE path = $1';

type FileRow = {
  readonly path: string;
  readonly day: string;
  readonly row_count: string;
  readonly byte_count: string;
  readonly sha256: string;
  readonly first_offsets: readonly string[];
  readonly last_offsets: readonly string[];
};

/** The master dataset's catalog in Postgres. */
export class PostgresCatalog implements Catalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async position(): Promise<Offsets> {
    const rows = await this.#query<{ next_offset: string }>(POSITION_SQL);
    return rows.map(({ next_offset }) => toSafeInteger(next_offset));
  }

  async files(): Promise<readonly CatalogFile[]> {
    return (await this.#query<FileRow>(FILES_SQL)).map(toCatalogFile);
  }

  async corruptPaths(): Promise<readonly string[]> {
    return (await this.#query<{ path: string }>(CORRUPT_SQL)).map(({ path }) => path);
  }

  async markCorrupt(path: string): Promise<void> {
    await this.#query(MARK_CORRUPT_SQL, [path]);
  }

  async addChunk(token: number, files: readonly CatalogFile[], stretches: readonly ArchiveStretch[]): Promise<void> {
    await inFencedTransaction(this.#database, token, async (transaction) => {
      for (const stretch of stretches) await addStretch(transaction, stretch);
      for (const file of files) await addFile(transaction, file);
    });
  }

  async replaceFile(token: number, corruptPath: string, file: CatalogFile): Promise<void> {
    await inFencedTransaction(this.#database, token, async (transaction) => {
      const { rowCount } = await transaction.query(REMOVE_FILE_SQL, [corruptPath]);
      if (rowCount !== 1) throw new TandemError('conflict', `found no file ${corruptPath} in the catalog to replace`);
      await addFile(transaction, file);
    });
  }

  async #query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      return (await this.#database.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw databaseError(error);
    }
  }
}

async function addFile(transaction: Transaction, file: CatalogFile): Promise<void> {
  const { path, day, rowCount, byteCount, sha256, firstOffsets, lastOffsets } = file;
  await transaction.query({
    name: 'add-archive-file',
    text: ADD_FILE_SQL,
    values: [path, day, rowCount, byteCount, sha256, firstOffsets, lastOffsets],
  });
}

async function addStretch(transaction: Transaction, stretch: ArchiveStretch): Promise<void> {
  const { partition, from, to, events, invalid, barriers } = stretch;
  const { rowCount } = await transaction.query(ADVANCE_SQL, [partition, from, to]);
  if (rowCount !== 1) {
    throw new TandemError(
      'conflict',
      `partition ${partition}: found the archive position not at ${from}, where the stretch begins`,
    );
  }
  await transaction.query(ADD_STRETCH_SQL, [partition, from, to, events, invalid, barriers]);
}

function toCatalogFile(row: FileRow): CatalogFile {
  return {
    path: row.path,
    day: row.day,
    rowCount: toSafeInteger(row.row_count),
    byteCount: toSafeInteger(row.byte_count),
    sha256: row.sha256,
    firstOffsets: row.first_offsets.map(toSafeInteger),
    lastOffsets: row.last_offsets.map(toSafeInteger),
  };
}
