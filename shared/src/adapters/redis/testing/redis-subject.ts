import { randomUUID } from 'node:crypto';
import { createLogger } from '../../../logger.js';
import { testRedisUrl } from '../../../testing/config.js';
import { contractMetric, type RealtimeViewStoreSubject } from '../../../testing/realtime-view-store.contract.js';
import { allKeysOf } from '../all-keys.js';
import { PartitionKeys } from '../partition-keys.js';
import { RedisConnection } from '../redis-connection.js';
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
    const connection = new RedisConnection(this.options.url, this.options.logger);
    for (let partition = 0; partition < this.options.partitions; partition++) {
      const keys = await allKeysOf(connection, new PartitionKeys(this.options.prefix, partition));
      await connection.run((client) => client.unlink([...keys]));
    }
    await connection.close();
    await this.stop();
  }

  /** Closes the connections alone: for a Redis that goes with the test. */
  async stop(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }
}
