import { startKafka } from '@tandem/lab/services/kafka';
import { startRedis } from '@tandem/lab/services/redis';
import type { Workplace } from './workplace.js';

/** Real servers on this machine, each in a folder of the workplace, ended with it. */
export type Services = {
  /** As KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** As REDIS_URL takes it. */
  readonly redisUrl: string;
  readonly pids: { readonly kafka: number; readonly redis: number };
};

export async function startServices(place: Workplace): Promise<Services> {
  const kafka = await startKafka({ folder: await place.makeFolder('kafka') });
  place.atEnd(() => kafka.stop());
  const redis = await startRedis({ folder: await place.makeFolder('redis') });
  place.atEnd(() => redis.stop());
  return { brokers: kafka.brokers, redisUrl: redis.url, pids: { kafka: kafka.pid, redis: redis.pid } };
}
