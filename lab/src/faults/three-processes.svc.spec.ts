import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kafka, startKafka } from '../services/kafka.js';
import { type Redis, startRedis } from '../services/redis.js';
import { askRedis } from '../testing/ask-redis.js';
import type { LoadOptions } from '../testing/load.js';
import { type Layer, ProcessesScene } from '../testing/processes-scene.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_204;
/** A run puts right what the speed layer has wrong: without runs, answers rest on the realtime view. */
const WITHOUT_RUNS = { runs: false };
const LAYERS: readonly Layer[] = ['speed-layer', 'batch-layer', 'serving-layer'];

describe('Three processes over real services', () => {
  let folder: string;
  let kafka: Kafka;
  let redis: Redis;
  let scene: ProcessesScene;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tandem-services-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    redis = await startRedis({ folder: join(folder, 'redis') });
    scene = await ProcessesScene.open({ brokers: kafka.brokers, redisUrl: redis.url, seed: SEED });
    await scene.startAll();
  }, 180_000);
  afterAll(async () => {
    await scene?.close();
    await redis?.stop();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Lets clients work while `fault` happens, then asks whether all is right. */
  const underLoad = async (prefix: string, fault: () => Promise<void>, options: Partial<LoadOptions> = {}) => {
    expect(await scene.underLoad(prefix, fault, options)).toEqual([]);
    // Not before: a run would put right what the speed layer has wrong.
    await waitFor('a run to be published', async () => (await scene.client.run()).state === 'published');
  };

  it('give right answers, each layer having worked', async () => {
    await underLoad('calm', () => waitFor('answers of several runs', () => scene.seen.runs.size > 2));
    expect(scene.sent.acknowledged.size).toBeGreaterThan(100);
  }, 120_000);

  it.each([1, 2, 3, 4, 5, 6])(
    'count every acknowledged event once after one of them was killed (%i)',
    async (kill) => {
      const layer = LAYERS[kill % LAYERS.length] as Layer;
      const fault = async () => {
        await sleep(scene.random.below(1_000));
        await scene.program(layer).kill();
        await scene.start(layer);
      };
      await underLoad(`kill-${kill}`, fault, { runs: layer !== 'speed-layer' });
    },
    120_000,
  );

  it.each(LAYERS)(
    'end with 0 when told to amid all that work, and count every acknowledged event once (%s)',
    async (layer) => {
      const fault = async () => {
        expect(await scene.program(layer).stop()).toEqual({ code: 0, signal: null });
        await scene.start(layer);
      };
      await underLoad(`stop-${layer}`, fault, { runs: layer !== 'speed-layer' });
    },
    120_000,
  );

  it('go on after the broker was killed and was away for a second', async () => {
    await underLoad('broker', async () => {
      await kafka.kill();
      await sleep(1_000);
      await kafka.restart();
    });
  }, 180_000);

  it('answer ingest within the deadline while the broker is away for 12 s, and lose nothing acknowledged', async () => {
    await underLoad('outage', async () => {
      await kafka.kill();
      const startedAt = performance.now();
      scene.sent.add(EVENT_OF_OUTAGE);
      const reply = await scene.client.post('/events', [EVENT_OF_OUTAGE]);
      expect(reply.status).toBe(503);
      expect(performance.now() - startedAt).toBeLessThan(12_000);
      await kafka.restart();
    });
  }, 180_000);

  it('say 503 and rebuild the realtime view when Redis was emptied, never a smaller number', async () => {
    await underLoad(
      'flush',
      async () => {
        const speed = scene.program('speed-layer');
        speed.signal('SIGSTOP');
        await askRedis(redis.url, 'FLUSHALL');
        const reply = await scene.client.get('/metrics/revenue');
        speed.signal('SIGCONT');
        expect(reply).toMatchObject({ status: 503, text: expect.stringContaining('is not in Redis') });
      },
      WITHOUT_RUNS,
    );
  }, 120_000);

  it.each(['allkeys-random', 'allkeys-lru'])(
    'say 503 or what is right while Redis evicts by %s, and go on once it has room',
    async (policy) => {
      const before = await evictedKeys(redis.url);
      await underLoad(
        policy,
        async () => {
          await askRedis(redis.url, 'CONFIG', 'SET', 'maxmemory-policy', policy);
          await waitFor(`${EVICTIONS} keys to be evicted`, async () => {
            // A little less than it has: some keys go, and others stay.
            await askRedis(redis.url, 'CONFIG', 'SET', 'maxmemory', String((await usedMemory(redis.url)) - 50_000));
            await sleep(100);
            await askRedis(redis.url, 'CONFIG', 'SET', 'maxmemory', '0');
            await sleep(200);
            return (await evictedKeys(redis.url)) >= before + EVICTIONS;
          });
          await askRedis(redis.url, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        },
        WITHOUT_RUNS,
      );
    },
    120_000,
  );

  it('go on after Redis was killed and was away for two seconds', async () => {
    await underLoad(
      'redis',
      async () => {
        await redis.kill();
        expect((await scene.client.get('/metrics/revenue')).status).toBe(503);
        await sleep(2_000);
        await redis.restart();
      },
      WITHOUT_RUNS,
    );
  }, 120_000);

  it('share the partitions among two speed workers, and a frozen one does not overwrite its successor', async () => {
    await scene.start('speed-layer', 'second');
    await underLoad(
      'frozen',
      async () => {
        await sleep(3_000);
        const first = scene.program('speed-layer');
        first.signal('SIGSTOP');
        await sleep(6_000);
        first.signal('SIGCONT');
        await sleep(3_000);
      },
      WITHOUT_RUNS,
    );
  }, 120_000);

  it('stand a worker that joins and leaves every 2 s', async () => {
    await underLoad('storm', () => scene.storm('second', 5), WITHOUT_RUNS);
  }, 180_000);

  it('end well when they are told to', async () => {
    for (const layer of [...LAYERS, 'second']) expect(await scene.program(layer).stop()).toMatchObject({ code: 0 });
  }, 60_000);
});

const EVICTIONS = 20;

async function evictedKeys(redisUrl: string): Promise<number> {
  return Number(/^evicted_keys:(\d+)/m.exec(String(await askRedis(redisUrl, 'INFO', 'stats')))?.[1]);
}

async function usedMemory(redisUrl: string): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(String(await askRedis(redisUrl, 'INFO', 'memory')))?.[1]);
}

/** Its fate is unknown to who sent it: it may be in the log, or not. */
const EVENT_OF_OUTAGE = {
  type: 'ticket_opened',
  event_id: 'outage-1',
  occurred_at: '2026-01-01T00:00:00.000Z',
  ticket_id: 'outage-1',
  customer_id: null,
  priority: 'high',
} as const;
