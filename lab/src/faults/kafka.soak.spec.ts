import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testRedisUrl } from '@tandem/shared/testing/config';
import { type Kafka, startKafka } from '../services/kafka.js';
import { ProcessesScene } from '../testing/processes-scene.js';

const SEED = 20_260_303;
/** A turn of the storm takes 4 s and what the worker needs to start and to end. */
const STORM_TURNS = 15;

describe('Three processes over a Kafka that', () => {
  let folder: string;
  let kafka: Kafka;
  let scene: ProcessesScene;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tandem-soak-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    scene = await ProcessesScene.open({ brokers: kafka.brokers, redisUrl: testRedisUrl(), seed: SEED });
    await scene.startAll();
  }, 180_000);
  afterAll(async () => {
    await scene?.close();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('was killed and is away for a minute lose nothing acknowledged, answer meanwhile, and go on by themselves', async () => {
    const faults = await scene.underLoad('minute', async () => {
      await scene.client.publish();
      await kafka.kill();
      const seenBefore = scene.seen.count;
      await sleep(60_000);
      expect(scene.seen.count).toBeGreaterThan(seenBefore);
      await kafka.restart();
    });
    expect(faults).toEqual([]);
  }, 300_000);

  it('has a group which a worker joins and leaves every 2 s for a minute count every event once', async () => {
    await scene.start('speed-layer', 'second');
    expect(await scene.underLoad('storm', () => scene.storm('second', STORM_TURNS))).toEqual([]);
  }, 300_000);
});
