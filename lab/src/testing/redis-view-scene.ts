import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RealtimeViewStore, TandemError } from '@tandem/shared';
import { type Counts, countedStretch, countsOf } from '@tandem/shared/adapters/redis/testing/counted-stretches';
import { RedisSubject } from '@tandem/shared/adapters/redis/testing/redis-subject';
import { type Redis, type RedisOptions, startRedis } from '../services/redis.js';
import { askRedis } from './ask-redis.js';

/** Nothing is ever saved: what is killed is empty. */
const FORGETFUL = { appendonly: 'no' };

/** The realtime view in a Redis of the test's own, with one partition of records that can be counted. */
export class RedisViewScene {
  readonly redis: Redis;
  readonly subject: RedisSubject;
  readonly #folder: string;

  static async start(settings: RedisOptions['settings'] = {}, leastCompactionLength = 3_000): Promise<RedisViewScene> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-redis-'));
    const redis = await startRedis({ folder, settings: { ...FORGETFUL, ...settings } });
    return new RedisViewScene(redis, folder, leastCompactionLength);
  }

  private constructor(redis: Redis, folder: string, leastCompactionLength: number) {
    this.redis = redis;
    this.#folder = folder;
    this.subject = new RedisSubject({ url: redis.url, partitions: 1, leastCompactionLength });
  }

  /** One that has taken over and is warm. */
  async worker(): Promise<ViewWorker> {
    const worker = new ViewWorker(await this.subject.open());
    await worker.takeOver();
    await worker.warm();
    return worker;
  }

  /** What a reader that is new sees, with a connection of its own. */
  async freshCounts(): Promise<Counts | null | undefined> {
    const reader = await this.subject.open();
    const seen = await countsSeenBy(reader);
    await reader.close();
    return seen;
  }

  command(...words: string[]): Promise<unknown> {
    return askRedis(this.redis.url, ...words);
  }

  async stop(): Promise<void> {
    await this.subject.stop();
    await this.redis.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Null where the view is cold. */
export async function countsSeenBy(reader: RealtimeViewStore): Promise<Counts | null | undefined> {
  return countsOf(await reader.view())[0];
}

/** A worker as the speed layer is one: claims again when it is fenced, and begins anew where nothing is held. */
export class ViewWorker {
  readonly #store: RealtimeViewStore;
  #owner = 0;
  applied = 0;

  constructor(store: RealtimeViewStore) {
    this.#store = store;
  }

  get owner(): number {
    return this.#owner;
  }

  async takeOver(): Promise<void> {
    const { owner, held } = await this.#store.claim(0);
    this.#owner = owner;
    if (!held) await this.#store.begin(0, owner, 0);
    this.applied = held?.applied ?? 0;
  }

  async apply(records: number): Promise<void> {
    await this.#store.apply(this.#owner, countedStretch(0, this.applied, this.applied + records));
    this.applied += records;
  }

  async warm(): Promise<void> {
    await this.#store.setCold(0, this.#owner, null);
  }

  /** Applies until `goal`, through whatever happens to Redis, and is warm all the while: so what is lost must show. */
  async reach(goal: number, records: number): Promise<void> {
    for (let failures = 0; this.applied < goal; ) {
      try {
        if (this.#owner === 0) await this.takeOver();
        await this.warm();
        await this.apply(records);
      } catch (error) {
        if (!(error instanceof TandemError) || ++failures > 10_000) throw error;
        if (error.code !== 'fenced' && error.code !== 'unavailable') throw error;
        this.#owner = 0;
      }
    }
  }
}
