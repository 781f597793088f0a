import { pathToFileURL } from 'node:url';
import {
  createLogger,
  type Logger,
  loadMetrics,
  messageOf,
  type ProcessParts,
  runProcess,
  TandemError,
} from '@tandem/shared';
import { kafkaConnectionOf, requireShared } from '@tandem/shared/adapters/connections';
import { startHealthServer } from '@tandem/shared/adapters/http/health-server';
import { type Database, openDatabase } from '@tandem/shared/adapters/postgres/database';
import { migrate } from '@tandem/shared/adapters/postgres/migrate';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import { PostgresLeaseDesk } from './adapters/postgres/postgres-lease-desk.js';
import { RunRequests } from './adapters/postgres/run-requests.js';
import { attendOpenRun, isPassing } from './attend.js';
import type { BatchLayerOptions } from './batch-layer-options.js';
import { batchDefaults, batchSettingsOf, readBatchConfig } from './config.js';
import { giveWay } from './give-way.js';
import { closeLog, makeTools, openLog } from './make-tools.js';
import type { LeaseDesk } from './ports/lease.js';
import type { BatchTools } from './run-batch.js';
import { startSchedule } from './schedule.js';

export type BatchLayer = {
  /** A run in progress fails, unless it is publishing already; the next one goes on where it stopped. */
  stop(): Promise<void>;
};

const POLL_MS = 2_000;
const MAX_CONNECTIONS = 4;

/**
 * Starts the batch layer: it executes the runs that are requested in Postgres, by its own schedule among others.
 * Throws `configuration-invalid` for settings that cannot work, `unavailable` when Postgres is.
 */
export async function startBatchLayer(options: BatchLayerOptions): Promise<BatchLayer> {
  const logger = createLogger('batch-layer', options.logLevel);
  const database = openBatchDatabase(options.databaseUrl, logger);
  const stopping = new AbortController();
  const kept = await openLog(options, database, logger);
  const tools = makeTools(options, kept, database, logger, stopping.signal);
  const desk = new PostgresLeaseDesk({
    databaseUrl: options.databaseUrl,
    expiresAfterMs: options.leaseMs ?? batchDefaults.BATCH_LEASE_MS,
    logger,
  });
  await tools.publisher.prepare(options.metrics);
  await tools.publisher.showViews(options.metrics);
  const requests = new RunRequests(options.databaseUrl, POLL_MS, logger);
  const attending = attend(tools, desk, requests);
  const schedule = startSchedule(options.schedule, new PostgresRunStore(database, logger), logger);
  return {
    stop: async () => {
      await schedule.stop();
      stopping.abort(new TandemError('unavailable', 'the batch layer was told to stop; the next run goes on'));
      await attending;
      await requests.close();
      await closeLog(kept);
      await database.end();
    },
  };
}

function openBatchDatabase(url: string, logger: Logger): Database {
  return openDatabase({
    url,
    name: 'tandem batch',
    maxConnections: MAX_CONNECTIONS,
    // Publishing a large view takes as long as it takes; what could wait for ever is bounded by lock_timeout.
    statementTimeoutMs: 0,
    onConnectionLost: (error) => logger.warn({ error: error.message }, 'an idle connection was lost'),
  });
}

/** Looks after open runs until told to stop. Never throws. */
async function attend(tools: BatchTools, desk: LeaseDesk, requests: RunRequests): Promise<void> {
  while (!tools.stopping.aborted) {
    try {
      await requests.listen();
      await attendOpenRun(tools, desk);
      await tools.publisher.showViewsThatWait(tools.metrics);
    } catch (error) {
      const level = isPassing(error) ? 'warn' : 'error';
      tools.logger[level]({ error: messageOf(error) }, 'could not attend to the open run');
    }
    await requests.next(tools.stopping);
  }
}

/** The batch layer as a process of its own. Resolves with the exit code. */
export function main(): Promise<number> {
  return runProcess('batch layer', () => createLogger('batch-layer', 'info'), startProcess);
}

async function startProcess(parts: ProcessParts): Promise<void> {
  const config = requireShared('batch layer', readBatchConfig());
  giveWay();
  const { POSTGRES_URL: databaseUrl, LOG_PARTITIONS } = config;
  const database = openBatchDatabase(databaseUrl, createLogger('batch-layer', config.LOG_LEVEL));
  parts.add(() => database.end());
  await migrate(database, LOG_PARTITIONS);
  const layer = await startBatchLayer({
    databaseUrl,
    masterDatasetFolder: config.MASTER_DATASET,
    metrics: await loadMetrics(),
    kafka: kafkaConnectionOf(config),
    ...batchSettingsOf(config),
  });
  parts.add(() => layer.stop());
  const health = await startHealthServer({
    host: config.HEALTH_HOST,
    allowedHosts: config.ALLOWED_HOSTS,
    port: config.HEALTH_PORT,
    reasonsNotReady: async () => {
      await database.query('SELECT 1');
      return [];
    },
  });
  parts.add(() => health.stop());
  console.log(`The batch layer says how it is at ${health.url}/health`);
}

function isMain(): boolean {
  return process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href;
}

if (isMain()) process.exit(await main());
