import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'redis';
import { TandemError } from '../../errors.js';
import { createLogger } from '../../logger.js';
import type { RealtimeViewStore } from '../../ports/realtime-view-store.js';
import { AnswerDropper } from './testing/answer-dropper.js';
import { countedStretch, countsOf, wholeCounts } from './testing/counted-stretches.js';
import { RedisSubject } from './testing/redis-subject.js';
import { TestRedis } from './testing/test-redis.js';

jest.setTimeout(60_000);

const EVICTING_MS = 4_000;

/** A worker as the speed layer is one: claims again when it is fenced, and begins anew where nothing is held. */
class Worker {
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

let redis: TestRedis;
let subject: RedisSubject;
const start = async (settings: readonly string[] = [], leastCompactionLength = 3_000) => {
  redis = await TestRedis.start(settings);
  subject = new RedisSubject({ url: redis.url, partitions: 1, leastCompactionLength });
};
const aWorker = async () => {
  const worker = new Worker(await subject.open());
  await worker.takeOver();
  await worker.warm();
  return worker;
};
/** What a reader that is new sees, with a connection of its own. */
const freshCounts = async () => {
  const reader = await subject.open();
  const [counts] = countsOf(await reader.view());
  await reader.close();
  return counts;
};
const counts = async (reader: RealtimeViewStore) => countsOf(await reader.view())[0];
const command = async (...args: string[]) => {
  const client = await createClient({ url: redis.url }).connect();
  const answer = await client.sendCommand(args);
  client.destroy();
  return answer;
};

afterEach(async () => {
  await subject.stop();
  await redis.stop();
});

describe('when Redis loses something', () => {
  beforeEach(() => start());

  it('is cold after FLUSHALL, refuses the next stretch as fenced, and is begun anew', async () => {
    const worker = await aWorker();
    const reader = await subject.open();
    await worker.apply(100);
    expect(await counts(reader)).toEqual(wholeCounts(100));
    await command('FLUSHALL');
    expect((await reader.view()).partitions).toEqual([
      { from: 0, applied: 0, segments: [], cold: expect.stringMatching(/emptied/) },
    ]);
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    await worker.reach(160, 20);
    expect(await counts(reader)).toEqual(wholeCounts(160));
    expect(await freshCounts()).toEqual(wholeCounts(160));
  });

  it('never shows less after any one of its keys is deleted, and heals', async () => {
    const worker = await aWorker();
    const reader = await subject.open();
    for (let round = 0; round < 20; round++) await worker.apply(9);
    const keys = (await command('KEYS', '*')) as unknown as string[];
    expect(keys.filter((key) => key.includes(':state:'))).not.toEqual([]);
    for (const key of keys) {
      await worker.reach(worker.applied + 90, 9);
      const { applied } = worker;
      await command('DEL', key);
      for (const seen of [await counts(reader), await freshCounts()]) {
        if (seen !== null) expect(seen).toEqual(wholeCounts(applied));
      }
      const failure = await worker.apply(9).catch((error: unknown) => error);
      // A segment that was begun anew since may not have had this key yet.
      if (failure) expect(failure).toMatchObject({ code: 'fenced' });
      await worker.reach(applied + 18, 9);
      expect(await counts(reader)).toEqual(wholeCounts(worker.applied));
      expect(await freshCounts()).toEqual(wholeCounts(worker.applied));
    }
  });

  it('notices a loss while the log is quiet, when segments are to be dropped', async () => {
    const store = await subject.open();
    const worker = new Worker(store);
    await worker.takeOver();
    await worker.apply(10);
    await expect(store.dropBelow(0, worker.owner, 0)).resolves.toBeUndefined();
    await command('FLUSHALL');
    await expect(store.dropBelow(0, worker.owner, 0)).rejects.toMatchObject({ code: 'fenced' });
  });
});

it('never shows less while Redis evicts keys at random', async () => {
  await start(['--maxmemory', '2500kb', '--maxmemory-policy', 'allkeys-random'], 20_000);
  const worker = new Worker(await subject.open());
  const reader = await subject.open();
  const end = Date.now() + EVICTING_MS;
  const writing = (async () => {
    while (Date.now() < end) await worker.reach(worker.applied + 20, 20);
  })();
  const filling = (async () => {
    const client = await createClient({ url: redis.url }).connect();
    for (let number = 0; Date.now() < end; number++) await client.set(`filler:${number % 50}`, 'x'.repeat(100_000));
    client.destroy();
  })();
  let warm = 0;
  while (Date.now() < end) {
    for (const seen of [await counts(reader).catch(() => null), await freshCounts().catch(() => null)]) {
      if (seen) expect(seen).toEqual(wholeCounts(seen.applied));
      if (seen) warm++;
    }
  }
  await Promise.all([writing, filling]);
  expect(warm).toBeGreaterThan(0);
  expect(await command('INFO', 'stats')).toMatch(/evicted_keys:[1-9]/);
  await command('CONFIG', 'SET', 'maxmemory', '0');
  await worker.reach(worker.applied + 40, 20);
  expect(await freshCounts()).toEqual(wholeCounts(worker.applied));
});

describe('when redis-server is killed', () => {
  it('goes on from what the append-only file holds', async () => {
    await start(['--appendonly', 'yes', '--appendfsync', 'always']);
    const worker = await aWorker();
    const reader = await subject.open();
    await worker.reach(300, 30);
    expect(await counts(reader)).toEqual(wholeCounts(300));
    await redis.signal('SIGKILL');
    await expect(reader.view()).rejects.toMatchObject({ code: 'unavailable' });
    await redis.resume();
    await worker.reach(330, 30);
    expect(await counts(reader)).toEqual(wholeCounts(330));
    expect(await freshCounts()).toEqual(wholeCounts(330));
  });

  it('is rebuilt when nothing was saved', async () => {
    await start();
    const worker = await aWorker();
    const reader = await subject.open();
    await worker.reach(300, 30);
    await redis.signal('SIGKILL');
    await redis.resume();
    expect(await counts(reader)).toBeNull();
    await worker.reach(330, 30);
    expect(await counts(reader)).toEqual(wholeCounts(330));
  });

  it('goes back to an older copy with every reader, and on from there in other stretches', async () => {
    await start();
    const worker = await aWorker();
    const reader = await subject.open();
    await worker.reach(300, 30);
    await command('SAVE');
    await worker.reach(360, 30);
    expect(await counts(reader)).toEqual(wholeCounts(360));
    await redis.signal('SIGKILL');
    await redis.resume();
    expect(await counts(reader)).toEqual(wholeCounts(300));
    await expect(worker.apply(30)).rejects.toMatchObject({ code: 'fenced' });
    await worker.takeOver();
    expect(worker.applied).toBe(300);
    await worker.reach(360, 20);
    expect(await counts(reader)).toEqual(wholeCounts(360));
    expect(await freshCounts()).toEqual(wholeCounts(360));
  });

  it('never takes stretches of one history for those of another, also for a reader who saw neither end', async () => {
    await start([], 1e9);
    const worker = await aWorker();
    const reader = await subject.open();
    await command('SAVE');
    await worker.reach(60, 30);
    expect(await counts(reader)).toEqual(wholeCounts(60));
    await redis.signal('SIGKILL');
    await redis.resume();
    await worker.takeOver();
    await worker.reach(75, 5);
    expect(await counts(reader)).toEqual(wholeCounts(75));
  });
});

describe('when an answer is lost', () => {
  let dropper: AnswerDropper;
  beforeEach(async () => {
    await start();
    dropper = await AnswerDropper.start(redis.port);
  });
  afterEach(() => dropper.stop());

  it('counts the stretch once when it is applied again', async () => {
    const store = await subject.open({ url: dropper.url });
    const worker = new Worker(store);
    await worker.takeOver();
    await worker.warm();
    for (let round = 0; round < 5; round++) {
      dropper.dropNextAnswer();
      await expect(worker.apply(50)).rejects.toMatchObject({ code: 'unavailable' });
      expect(await freshCounts()).toEqual(wholeCounts(worker.applied + 50));
      await worker.apply(50);
      expect(await freshCounts()).toEqual(wholeCounts(worker.applied));
    }
  });

  it('does not write over a successor what the successor has not seen', async () => {
    const frozen = new Worker(await subject.open({ url: dropper.url }));
    await frozen.takeOver();
    await frozen.warm();
    await frozen.apply(50);
    dropper.dropNextAnswer();
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'unavailable' });
    const successor = await aWorker();
    expect(successor.applied).toBe(60);
    await successor.apply(7);
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    expect(await freshCounts()).toEqual(wholeCounts(67));
  });
});

describe('when Redis is away', () => {
  beforeEach(() => start());

  it('says so within seconds while it is frozen, and goes on by itself', async () => {
    const worker = await aWorker();
    const reader = await subject.open();
    await worker.apply(50);
    expect(await counts(reader)).toEqual(wholeCounts(50));
    await redis.signal('SIGSTOP');
    const askedAt = Date.now();
    await expect(reader.view()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'unavailable' });
    expect(Date.now() - askedAt).toBeLessThan(6_000);
    await redis.signal('SIGCONT');
    await worker.reach(70, 10);
    expect(await counts(reader)).toEqual(wholeCounts(worker.applied));
  });

  it('says that it is full and takes the same stretch once there is room', async () => {
    const worker = await aWorker();
    await worker.apply(50);
    await command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'unavailable', message: /full: raise its maxmemory/ });
    expect(await freshCounts()).toEqual(wholeCounts(50));
    await command('CONFIG', 'SET', 'maxmemory', '0');
    await worker.apply(10);
    expect(await freshCounts()).toEqual(wholeCounts(60));
  });
});

it('warns in one line when Redis may evict', async () => {
  await start(['--maxmemory-policy', 'allkeys-lru']);
  const logger = createLogger('test', 'silent');
  const warn = jest.spyOn(logger, 'warn');
  const store = await subject.open({ logger });
  await store.view();
  await store.view();
  expect(warn.mock.calls).toEqual([[{ found: 'allkeys-lru' }, expect.stringContaining('noeviction')]]);
});

it('shows cells that a person can read', async () => {
  await start();
  const worker = await aWorker();
  await worker.apply(3);
  await worker.apply(1);
  const { prefix } = subject.options;
  const client = await createClient({ url: redis.url }).connect();
  expect({ ...(await client.hGetAll(`${prefix}:{p0}:segment:0:sales`)) }).toEqual({
    '2025-11-24T16:00Z books': 'amount=0.0001 orders=1',
    '2025-11-24T17:00Z toys': 'amount=0.0001 orders=1',
    '2025-11-24T18:00Z garden': 'amount=0.0001 orders=1',
    '2025-11-24T16:00Z "Überraschung 🎁"': 'amount=0.0001 orders=1',
  });
  client.destroy();
});
