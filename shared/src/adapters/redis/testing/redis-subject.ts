import { randomUUID } from 'node:crypto';
import { createLogger } from '../../../logger.js';
import { testRedisUrl } from '../../../testing/config.js';
import { contractMetric, type RealtimeViewStoreSubject } from '../../../testing/realtime-view-store.contract.js';
import { type RedisRealtimeViewOptions, RedisRealtimeViewStore } from '../redis-realtime-view-store.js';

/** A view under a prefix of its own; every store that is opened has its own connection, as in another process. */
export class RedisSubject implements RealtimeViewStoreSubject {
  readonly options: RedisRealtimeViewOptions;
  readonly #stores: RedisRealtimeViewStore[] = [];

  constructor(options: Partial<RedisRealtimeViewOptions> = {}) {
    this.options = {
      url: options.url ?? testRedisUrl(),
      prefix: `tandem-test:${randomUUID()}`,
      partitions: 2,
      metrics: [contractMetric],
      logger: createLogger('test', 'silent'),
      ...options,
    };
  }

  async open(options: Partial<RedisRealtimeViewOptions> = {}): Promise<RedisRealtimeViewStore> {
    const store = new RedisRealtimeViewStore({ ...this.options, ...options });
    this.#stores.push(store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }
}
