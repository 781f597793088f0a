import { join } from 'node:path';
import { type Logger, loadMetrics, type Metric, type RunStore } from '@tandem/shared';
import { type Database, openDatabase } from '@tandem/shared/adapters/postgres/database';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { migrate } from '@tandem/shared/adapters/postgres/migrate';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import type { LabConfig } from './config.js';
import { lockDataFolder } from './data-folder-lock.js';
import { startEmbeddedPostgres } from './embedded-postgres/start-embedded-postgres.js';
import type { RunningParts } from './running-parts.js';

/** What every layer stands on. */
export type Foundation = {
  readonly databaseUrl: string;
  readonly database: Database;
  readonly runs: RunStore;
  readonly metrics: readonly Metric[];
  readonly masterDatasetFolder: string;
};

const MAX_CONNECTIONS = 12;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A little more than it gives itself before it is killed. */
const LONGEST_POSTGRES_STOP_MS = 32_000;

/** Locks the data folder and starts its Postgres, unless POSTGRES_URL names another. What is started is added to `parts`, also when a later step throws. */
export async function layFoundation(config: LabConfig, parts: RunningParts, logger: Logger): Promise<Foundation> {
  const metrics = await loadMetrics();
  const lock = await lockDataFolder(config.DATA_DIR);
  parts.add('lock of the data folder', () => lock.release());
  const databaseUrl = config.POSTGRES_URL ?? (await startOwnPostgres(config, parts, logger));
  const database = openDatabase({
    url: databaseUrl,
    name: 'tandem lab',
    maxConnections: MAX_CONNECTIONS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onConnectionLost: (error) => logger.warn({ error: error.message }, 'a connection to Postgres was lost'),
  });
  parts.add('connections', () => database.end());
  await migrate(database, config.LOG_PARTITIONS);
  return {
    databaseUrl,
    database,
    runs: new PostgresRunStore(database, logger),
    metrics,
    masterDatasetFolder: join(config.DATA_DIR, await masterDatasetName(config, database)),
  };
}

async function startOwnPostgres({ DATA_DIR }: LabConfig, parts: RunningParts, logger: Logger): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataFolder: DATA_DIR, logger });
  parts.add('Postgres', () => postgres.stop(), LONGEST_POSTGRES_STOP_MS);
  return postgres.url;
}

/** A master dataset belongs to the catalog in one database: each database that is used from here has one of its own. */
async function masterDatasetName({ POSTGRES_URL }: LabConfig, database: Database): Promise<string> {
  return POSTGRES_URL === undefined ? 'master-dataset' : `master-dataset-${await identityOfDatabase(database)}`;
}
