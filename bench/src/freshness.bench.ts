import type { Benchmark } from './benchmark.js';
import { measureFreshness } from './harness/freshness.js';
import { openHouse } from './harness/house.js';

/** From acknowledged to visible in one process with everything embedded. */
export const freshness: Benchmark = {
  name: 'freshness',
  title: 'from acknowledged to visible',
  run: async (context) => {
    const { url } = await openHouse(context.place);
    return {
      ...(await measureFreshness(context, { url, ...context.sizes.freshness, goalMs: 100 })),
      limits:
        "the log's commit, the notification, and the question itself: all in one process, next to the ingest of the other events.",
    };
  },
};
