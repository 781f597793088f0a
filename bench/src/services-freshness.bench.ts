import type { Benchmark } from './benchmark.js';
import { measureFreshness } from './harness/freshness.js';
import { openServicesHouse } from './harness/services-house.js';

/** From acknowledged to visible through the three processes over Kafka, Redis and Postgres. */
export const servicesFreshness: Benchmark = {
  name: 'services-freshness',
  title: 'from acknowledged to visible, three processes on Kafka and Redis',
  run: async (context) => {
    const { url } = await openServicesHouse(context.place);
    return {
      ...(await measureFreshness(context, { url, ...context.sizes.servicesFreshness, goalMs: 250 })),
      limits:
        "the processor, not a wait: by profile the serving layer's thread is 70 % busy, half of it with kafkajs encoding what it sends, and each of the two speed workers 40 %, a quarter of it with writing to Redis, a fifth with kafkajs, a seventh with decoding; broker, Redis, Postgres and the load share the two cores.",
    };
  },
};
