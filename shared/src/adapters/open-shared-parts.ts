import type { Logger } from '../logger.js';
import type { Metric } from '../metrics/metric.js';
import { loadMetrics } from '../metrics/registry.js';
import type { EventLog } from '../ports/event-log.js';
import type { RealtimeViewStore } from '../ports/realtime-view-store.js';
import type { RunStore } from '../ports/run-store.js';
import type { ProcessParts } from '../run-process.js';
import { type Connections, kafkaConnectionOf, type SharedConnections } from './connections.js';
import { openEventLog } from './open-event-log.js';
import { type Database, openDatabase } from './postgres/database.js';
import { identityOfDatabase } from './postgres/identity.js';
import { migrate } from './postgres/migrate.js';
import { PostgresRunStore } from './postgres/postgres-run-store.js';
import { RedisRealtimeViewStore } from './redis/redis-realtime-view-store.js';

/** What the speed layer and the serving layer share with the others when each is a process of its own. */
export type SharedParts = {
  readonly database: Database;
  readonly log: EventLog;
  readonly runs: RunStore;
  readonly store: RealtimeViewStore;
  readonly metrics: readonly Metric[];
};

const MAX_CONNECTIONS = 12;
const STATEMENT_TIMEOUT_MS = 30_000;

/** Opens them all; each is added to `parts` as soon as it is open. Throws `configuration-invalid`, `unavailable`. */
export async function openSharedParts(
  room: string,
  config: Connections & SharedConnections & { readonly LOG_PARTITIONS: number },
  parts: ProcessParts,
  logger: Logger,
): Promise<SharedParts> {
  const { POSTGRES_URL: databaseUrl, REDIS_URL: redisUrl, LOG_PARTITIONS: partitions } = config;
  const metrics = await loadMetrics();
  const database = openDatabase({
    url: databaseUrl,
    name: `tandem ${room}`,
    maxConnections: MAX_CONNECTIONS,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onConnectionLost: (error) => logger.warn({ error: error.message }, 'a connection to Postgres was lost'),
  });
  parts.add(() => database.end());
  await migrate(database, partitions);
  const log = await openEventLog({ kafka: kafkaConnectionOf(config), databaseUrl, database, partitions, logger });
  parts.add(() => log.close());
  const prefix = `tandem:${await identityOfDatabase(database)}`;
  const store = new RedisRealtimeViewStore({ url: redisUrl, prefix, partitions, metrics, logger });
  parts.add(() => store.close());
  return { database, log, runs: new PostgresRunStore(database, logger), store, metrics };
}
