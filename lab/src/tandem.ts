import { startServingLayer } from '@tandem/serving-layer';
import { createLogger, type Logger, type RealtimeViewStore } from '@tandem/shared';
import { kafkaConnectionOf } from '@tandem/shared/adapters/connections';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { openDeadLetters } from '@tandem/shared/adapters/open-dead-letters';
import { openEventLog } from '@tandem/shared/adapters/open-event-log';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { RedisRealtimeViewStore } from '@tandem/shared/adapters/redis/redis-realtime-view-store';
import { startSpeedLayer } from '@tandem/speed-layer';
import { batchOptions } from './batch/batch-options.js';
import { startBatchThread } from './batch/batch-thread.js';
import type { LabConfig } from './config.js';
import { type Foundation, layFoundation } from './foundation.js';
import { start as openDemoShop } from './generate/demo-shop.js';
import { requestMissingRun } from './request-missing-run.js';
import { RunningParts } from './running-parts.js';

export type Tandem = {
  /** Where it answers: http://host:port. */
  readonly url: string;
  /** Stops everything in order and resolves with whether all ended well. Idempotent, bounded in time. */
  stop(): Promise<boolean>;
};

/** Starts all of Tandem in this process. When a part cannot start, those before it are stopped, and the error is thrown. */
export async function startTandem(config: LabConfig, logger: Logger): Promise<Tandem> {
  const parts = new RunningParts(logger);
  try {
    const foundation = await layFoundation(config, parts, logger);
    await requestMissingRun(foundation.runs, foundation.metrics, logger);
    const url = await startLayers(config, foundation, parts);
    return { url, stop: () => parts.stopAll() };
  } catch (error) {
    await parts.stopAll();
    throw error;
  }
}

/** The layers meet in data only: the log, the runs, the views. */
async function startLayers(config: LabConfig, foundation: Foundation, parts: RunningParts): Promise<string> {
  const { database, databaseUrl, runs, metrics } = foundation;
  const loggerOf = (room: string) => createLogger(room, config.LOG_LEVEL);
  const kafka = kafkaConnectionOf(config);
  const log = await openEventLog({
    kafka,
    databaseUrl,
    database,
    partitions: config.LOG_PARTITIONS,
    logger: loggerOf('log'),
  });
  parts.add('log', () => log.close());
  const deadLetters = await openDeadLetters({ kafka, database, logger: loggerOf('log') });
  parts.add('dead letters', () => deadLetters.close());
  const store = await openRealtimeViewStore(config, foundation, loggerOf('realtime view'));
  parts.add('realtime view', () => store.close());

  const batch = await startBatchThread(batchOptions(config, foundation), loggerOf('batch'));
  parts.add('batch layer', () => batch.stop());
  const shared = { log, runs, store, deadLetters, metrics, config };
  const speed = await startSpeedLayer({ ...shared, logger: loggerOf('speed') });
  parts.add('speed layer', () => speed.stop());
  const serving = await startServingLayer({ ...shared, database, logger: loggerOf('serving') });
  parts.add('serving layer', () => serving.stop());
  startDemoShop(serving.url, config, parts, loggerOf('demo shop'));
  return serving.url;
}

/** In this process' memory, unless REDIS_URL says where. */
async function openRealtimeViewStore(
  { REDIS_URL: url, LOG_PARTITIONS: partitions }: LabConfig,
  { database, metrics }: Foundation,
  logger: Logger,
): Promise<RealtimeViewStore> {
  if (url === undefined) return new MemoryRealtimeViewStore(partitions);
  const prefix = `tandem:${await identityOfDatabase(database)}`;
  return new RedisRealtimeViewStore({ url, prefix, partitions, metrics, logger });
}

/** A client like any other: it posts its events over HTTP. */
function startDemoShop(url: string, config: LabConfig, parts: RunningParts, logger: Logger): void {
  const closing = new AbortController();
  const closed = openDemoShop({
    url,
    eventsPerSecond: config.DEMO_EVENTS_PER_SECOND,
    token: config.API_TOKEN,
    signal: closing.signal,
    onTrouble: (message) => logger.warn(message),
  });
  parts.add('demo shop', () => {
    closing.abort();
    return closed;
  });
}
