import { fileURLToPath } from 'node:url';
import { startKafka } from '@tandem/lab/services/kafka';
import { startRedis } from '@tandem/lab/services/redis';
import { RunningProgram, waitFor } from '@tandem/lab/testing/tandem-process';
import { loadMetrics, TandemError } from '@tandem/shared';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { RedisRealtimeViewStore } from '@tandem/shared/adapters/redis/redis-realtime-view-store';
import type { Context } from '../benchmark.js';
import type { Fleet } from './fleet.js';
import { getJson } from './house.js';
import { PARTITIONS, type Workplace } from './workplace.js';

/** Real servers on this machine, ended with the workplace. */
export type Servers = {
  /** As KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** What the servers use of the processor counts for whoever makes them work. */
  readonly pids: readonly number[];
  /** Starts the speed layer as its own process does, on a topic, with a view that nobody has used before. */
  startFleet(topic: string): Promise<Fleet>;
};

const MAIN = fileURLToPath(import.meta.resolve('@tandem/speed-layer/main'));
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
/** Above all that a benchmark fills in. */
const MAX_CELLS = '100000000';

type Health = { readonly partitions: readonly { readonly partition: number; readonly applied: number }[] };
type Places = { readonly brokers: string; readonly redisUrl: string };

/** Starts Kafka and Redis, each in a folder of the workplace. */
export async function startServers({ place }: Context): Promise<Servers> {
  const kafka = await startKafka({ folder: await place.makeFolder('kafka') });
  place.atEnd(() => kafka.stop());
  const redis = await startRedis({ folder: await place.makeFolder('redis') });
  place.atEnd(() => redis.stop());
  const places = { brokers: kafka.brokers, redisUrl: redis.url };
  let fleets = 0;
  const startFleet = (topic: string) => startOne(place, places, topic, `fleet_${++fleets}`);
  return { brokers: kafka.brokers, pids: [kafka.pid, redis.pid], startFleet };
}

/** A database of its own for each: the view's keys are named after it, so no fleet finds what another has left. */
async function startOne(place: Workplace, { brokers, redisUrl }: Places, topic: string, name: string): Promise<Fleet> {
  const { url, database } = await place.makeDatabase(name);
  const prefix = `tandem:${await identityOfDatabase(database)}`;
  const metrics = await loadMetrics();
  const store = new RedisRealtimeViewStore({
    url: redisUrl,
    prefix,
    partitions: PARTITIONS,
    metrics,
    logger: place.logger,
  });
  const program = new RunningProgram(MAIN, [], {
    NODE_OPTIONS: '--max-semi-space-size=64',
    POSTGRES_URL: url,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC: topic,
    REDIS_URL: redisUrl,
    LOG_PARTITIONS: String(PARTITIONS),
    LOG_LEVEL: 'warn',
    HEALTH_PORT: '0',
    SPEED_MAX_CELLS: MAX_CELLS,
  });
  place.atEnd(() => program.kill());
  await waitFor('the address of the speed layer', () => program.ending !== undefined || ADDRESS.test(program.output));
  return {
    pids: [program.pid],
    applied: () => appliedBy(program),
    view: () => store.view(),
    stop: async () => {
      program.signal('SIGTERM');
      await program.ended;
      await store.close();
    },
  };
}

async function appliedBy(program: RunningProgram): Promise<readonly number[]> {
  const url = ADDRESS.exec(program.output)?.[0];
  if (program.ending || url === undefined)
    throw new TandemError('internal', `the speed layer ended: ${program.output}`);
  const applied = new Array<number>(PARTITIONS).fill(0);
  for (const standing of (await getJson<Health>(`${url}/health`)).partitions) {
    applied[standing.partition] = standing.applied;
  }
  return applied;
}
