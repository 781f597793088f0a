import { createLogger, readConfig, runProcess } from '@tandem/shared';
import { kafkaConnectionOf, requireShared } from '@tandem/shared/adapters/connections';
import { startHealthServer } from '@tandem/shared/adapters/http/health-server';
import { openDeadLetters } from '@tandem/shared/adapters/open-dead-letters';
import { openSharedParts } from '@tandem/shared/adapters/open-shared-parts';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { RedisRealtimeViewStore } from '@tandem/shared/adapters/redis/redis-realtime-view-store';
import { startSpeedLayer } from '@tandem/speed-layer';
import { speedProcessSchema } from '@tandem/speed-layer/config';

/** A speed worker in a process of its own that compacts as often as it may, for tests that kill it while it does. */
const room = 'speed layer';
const config = requireShared(room, readConfig(speedProcessSchema));
const logger = createLogger('speed-layer', config.LOG_LEVEL);
const code = await runProcess(
  room,
  () => logger,
  async (parts) => {
    const shared = await openSharedParts(room, config, parts, logger);
    const store = new RedisRealtimeViewStore({
      url: config.REDIS_URL,
      prefix: `tandem:${await identityOfDatabase(shared.database)}`,
      partitions: config.LOG_PARTITIONS,
      metrics: shared.metrics,
      logger,
      leastCompactionLength: 0,
    });
    parts.add(() => store.close());
    const kafka = kafkaConnectionOf(config);
    const deadLetters = await openDeadLetters({ kafka, database: shared.database, logger });
    parts.add(() => deadLetters.close());
    const layer = await startSpeedLayer({ ...shared, store, deadLetters, config, logger });
    parts.add(() => layer.stop());
    const health = await startHealthServer({
      host: config.HEALTH_HOST,
      allowedHosts: config.ALLOWED_HOSTS,
      port: config.HEALTH_PORT,
      standing: () => ({ partitions: layer.standing() }),
      reasonsNotReady: async () => [],
    });
    parts.add(() => health.stop());
    console.log(`The speed layer says how it is at ${health.url}/health`);
  },
);
process.exit(code);
