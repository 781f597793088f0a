import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@tandem/lab/embedded-postgres/start-embedded-postgres';
import { createLogger, type Logger } from '@tandem/shared';
import { type Database, openDatabase } from '@tandem/shared/adapters/postgres/database';
import { migrate } from '@tandem/shared/adapters/postgres/migrate';

/** A folder and a Postgres of our own for one benchmark, gone afterwards. */
export type Workplace = {
  readonly folder: string;
  readonly logger: Logger;
  /** A new, migrated database on the embedded Postgres, which is started for the first. */
  makeDatabase(name: string): Promise<OpenDatabase>;
  /** A new folder within ours. */
  makeFolder(name: string): Promise<string>;
  /** Called when the workplace is closed, last first. */
  atEnd(close: () => Promise<void>): void;
  close(): Promise<void>;
};

export type OpenDatabase = { readonly url: string; readonly database: Database };

export const PARTITIONS = 4;

export async function openWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  await chmod(folder, 0o755);
  const logger = createLogger('bench', 'warn');
  const endings: (() => Promise<void>)[] = [];
  const makeFolder = async (name: string) => {
    await mkdir(join(folder, name));
    return join(folder, name);
  };
  const startPostgres = async () => startEmbeddedPostgres({ dataFolder: await makeFolder('postgres'), logger });
  let starting: ReturnType<typeof startPostgres> | undefined;
  endings.push(async () => (await starting)?.stop());
  return {
    folder,
    logger,
    makeFolder,
    makeDatabase: async (name) => {
      starting ??= startPostgres();
      const opened = await createDatabase((await starting).url, name);
      endings.push(() => opened.database.end());
      return opened;
    },
    atEnd: (close) => endings.push(close),
    close: async () => {
      try {
        for (const end of endings.splice(0).reverse()) await end();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function createDatabase(serverUrl: string, name: string): Promise<OpenDatabase> {
  const server = openPool(serverUrl);
  await server.query(`CREATE DATABASE ${name}`);
  await server.end();
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const database = openPool(url);
  await migrate(database, PARTITIONS);
  return { url, database };
}

function openPool(url: string): Database {
  return openDatabase({ url, name: 'bench', maxConnections: 4, statementTimeoutMs: 0, onConnectionLost: () => {} });
}
