import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TandemError } from '@tandem/shared';
import type { EmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import { startKafka } from '../services/kafka.js';
import { startRedis } from '../services/redis.js';
import type { Service } from '../services/service.js';
import { givenTestServices, setMissingServices, setTestServices } from './config.js';

/** What setup starts and teardown stops: both run in Jest's own process and share this module. */
export const testServices: {
  postgres?: EmbeddedPostgres;
  dataFolder?: string;
  /** Kafka and Redis. */
  readonly started: Service[];
  folder?: string;
} = { started: [] };

/**
 * Starts one Kafka and one Redis for all spec files, unless the caller brings them. Where one does not start, the reason
 * is left for the specs that need it: each of them fails by its name, and says what to install.
 */
export async function startTestServices(): Promise<void> {
  const given = givenTestServices();
  const folder = await mkdtemp(join(tmpdir(), 'tandem-test-services-'));
  testServices.folder = folder;
  const reasons: string[] = [];
  if (given.kafka === undefined) {
    await orReason(reasons, async () => {
      const onProgress = (line: string) => console.error(line);
      const kafka = await startKafka({ folder: join(folder, 'kafka'), onProgress });
      testServices.started.push(kafka);
      setTestServices({ kafka: kafka.brokers });
    });
  }
  if (given.redis === undefined) {
    await orReason(reasons, async () => {
      const redis = await startRedis({ folder: join(folder, 'redis') });
      testServices.started.push(redis);
      setTestServices({ redis: redis.url });
    });
  }
  if (reasons.length > 0) setMissingServices(reasons.join('; '));
}

async function orReason(reasons: string[], start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof TandemError)) throw error;
    reasons.push(error.message);
  }
}
