import { availableParallelism } from 'node:os';
import { type Logger, loadMetrics, type PartitionView, type RealtimeView, TandemError } from '@tandem/shared';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { identityOfDatabase } from '@tandem/shared/adapters/postgres/identity';
import { RedisRealtimeViewStore } from '@tandem/shared/adapters/redis/redis-realtime-view-store';
import type { Context } from '../benchmark.js';
import type { Fleet } from './fleet.js';
import { getJson } from './house.js';
import { type LayerProcess, refuseEnded, startLayer } from './layer-process.js';
import { type Services, startServices } from './services.js';
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

/** Above all that a benchmark fills in. */
export const ROOMY = { SPEED_MAX_CELLS: '100000000' };
/** Threads of a fleet: the copies of a benchmark have the keys of their originals, and lie in one partition with them. */
const WORKERS = { SPEED_WORKERS: String(Math.min(PARTITIONS, availableParallelism())) };

type Health = { readonly partitions: readonly { readonly partition: number; readonly applied: number }[] };

/** Starts Kafka and Redis, each in a folder of the workplace. */
export async function startServers({ place }: Context): Promise<Servers> {
  const services = await startServices(place);
  let fleets = 0;
  const startFleet = (topic: string) => startOne(place, services, topic, `fleet_${++fleets}`);
  return { brokers: services.brokers, pids: Object.values(services.pids), startFleet };
}

/** A database of its own for each: the view's keys are named after it, so no fleet finds what another has left. */
async function startOne(
  place: Workplace,
  { brokers, redisUrl }: Services,
  topic: string,
  name: string,
): Promise<Fleet> {
  const { url: databaseUrl, database } = await place.makeDatabase(name);
  const store = await openView(redisUrl, database, place.logger);
  const speed = await startLayer(
    place,
    'speed-layer',
    { databaseUrl, brokers, topic, redisUrl },
    { ...ROOMY, ...WORKERS },
  );
  return {
    pids: [speed.program.pid],
    applied: () => appliedBy(speed),
    view: () => store.view(),
    stop: async () => {
      await speed.stop();
      await store.close();
    },
  };
}

/** The realtime view that the speed layers of a database keep in Redis. Close it in the end. */
export async function openView(url: string, database: Database, logger: Logger): Promise<RedisRealtimeViewStore> {
  const prefix = `tandem:${await identityOfDatabase(database)}`;
  return new RedisRealtimeViewStore({ url, prefix, partitions: PARTITIONS, metrics: await loadMetrics(), logger });
}

/** Throws when the view still holds more than half of what it has ever come to: then segments were not dropped. */
export function refuseUndropped({ partitions }: RealtimeView): void {
  const sum = (of: (partition: PartitionView) => number) => partitions.reduce((total, each) => total + of(each), 0);
  const applied = sum((partition) => partition.applied);
  const held = applied - sum(({ from }) => from);
  if (applied > 0 && held <= applied / 2) return;
  throw new TandemError(
    'internal',
    `found ${held} of ${applied} records in the realtime view; allowed is half of them`,
  );
}

/** Per partition, every record below (exclusive) is in the view. Throws when the process has ended. */
export async function appliedBy({ program, url }: LayerProcess): Promise<readonly number[]> {
  refuseEnded('speed-layer', program);
  const applied = new Array<number>(PARTITIONS).fill(0);
  for (const standing of (await getJson<Health>(`${url}/health`)).partitions) {
    applied[standing.partition] = standing.applied;
  }
  return applied;
}
