import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { dateToMs, MS_PER_DAY, messageOf, TandemError } from '@tandem/shared';
import type { BatchEngine, RecomputePlan, RecomputeResult } from '../../ports/batch-engine.js';
import { type DuckDb, type DuckDbOptions, openDuckDb } from './open-duckdb.js';
import { recompute } from './recompute-views.js';
import { loadRowsSql, writeDayFileSql } from './sql/archive.sql.js';

/** DuckDB has no code of its own for it. */
const DISK_FULL = /no space left|disk quota/i;

/** Opens a DuckDB for one run; close it after. A statement that runs when `cut` is raised ends with its reason. */
export async function openDuckDbBatchEngine(options: DuckDbOptions, cut: AbortSignal): Promise<BatchEngine> {
  return new DuckDbBatchEngine(await openDuckDb(options), cut);
}

class DuckDbBatchEngine implements BatchEngine {
  readonly #db: DuckDb;
  readonly #cut: AbortSignal;
  readonly #interrupt = () => this.#db.connection.interrupt();

  constructor(db: DuckDb, cut: AbortSignal) {
    this.#db = db;
    this.#cut = cut;
    cut.addEventListener('abort', this.#interrupt);
  }

  async writeDayFiles(rowsFile: string, days: readonly string[], folder: string): Promise<void> {
    await this.#guard(async (connection) => {
      await connection.run(loadRowsSql(rowsFile));
      for (const day of days) await connection.run(writeDayFileSql(dayNumber(day), join(folder, `${day}.parquet`)));
      await connection.run('DROP TABLE archived_row');
    });
  }

  async recompute(plan: RecomputePlan): Promise<RecomputeResult> {
    return await this.#guard((connection) => recompute(connection, plan));
  }

  close(): void {
    this.#cut.removeEventListener('abort', this.#interrupt);
    this.#db.close();
  }

  async #guard<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    try {
      return await work(this.#db.connection);
    } catch (error) {
      this.#cut.throwIfAborted();
      const message = messageOf(error);
      throw new TandemError(DISK_FULL.test(message) ? 'unavailable' : 'internal', `DuckDB: ${message}`, {
        cause: error,
      });
    }
  }
}

function dayNumber(day: string): number {
  const [year, month, date] = day.split('-').map(Number);
  return (dateToMs(year ?? 0, month ?? 0, date ?? 0) ?? 0) / MS_PER_DAY;
}
