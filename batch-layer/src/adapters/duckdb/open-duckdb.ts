import { mkdir } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { registerUniteSketches } from './unite-sketches.js';

export type DuckDbOptions = {
  readonly threads: number;
  /** Like `1GB`: what does not fit is spilled into `temporaryFolder`. */
  readonly memoryLimit: string;
  /** Absolute. */
  readonly temporaryFolder: string;
  /** Absolute folders: SQL can read and write below these and nowhere else. */
  readonly allowedFolders: readonly string[];
};

export type DuckDb = { readonly connection: DuckDBConnection; close(): void };

/** Opens a DuckDB in memory that can touch only the folders it needs, and that no SQL can set free again. */
export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  await mkdir(options.temporaryFolder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: options.memoryLimit,
    temp_directory: options.temporaryFolder,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(`SET allowed_directories = [${options.allowedFolders.map(sqlText).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  registerUniteSketches(connection);
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  return { connection, close };
}

/** Text as SQL literal, for file names: DuckDB takes none as bind parameters in COPY. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
