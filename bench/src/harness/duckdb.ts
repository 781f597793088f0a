import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export type DuckDb = { readonly connection: DuckDBConnection; close(): void };

export type DuckDbSettings = { readonly threads?: number; readonly memoryLimit?: string; readonly folder?: string };

/** Opens a DuckDB of our own: in memory, or in a file. */
export async function openDuckDb(file = ':memory:', settings: DuckDbSettings = {}): Promise<DuckDb> {
  const instance = await DuckDBInstance.create(file, {
    ...(settings.threads ? { threads: String(settings.threads) } : {}),
    ...(settings.memoryLimit ? { memory_limit: settings.memoryLimit } : {}),
    ...(settings.folder ? { temp_directory: settings.folder } : {}),
  });
  const connection = await instance.connect();
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
