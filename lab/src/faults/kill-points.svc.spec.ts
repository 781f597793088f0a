import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scripts } from '@tandem/shared/adapters/redis/scripts';
import { testKafkaBrokers } from '@tandem/shared/testing/config';
import { type Redis, startRedis } from '../services/redis.js';
import { askRedis } from '../testing/ask-redis.js';
import { startLoad } from '../testing/load.js';
import { ProcessesScene } from '../testing/processes-scene.js';
import { type CutPoint, RedisLine } from '../testing/redis-line.js';
import type { WriteKind } from '../testing/redis-requests.js';

const SEED = 20_260_211;
const SPEED_PROGRAM = fileURLToPath(new URL('../testing/speed-program.js', import.meta.url));
const KINDS: readonly WriteKind[] = ['claim', 'begin', 'cold', 'apply', 'stage', 'exchange', 'drop'];
const CUT_POINTS: readonly CutPoint[] = ['unsent', 'unanswered'];

describe('A speed layer that is killed in the middle of a write to Redis', () => {
  let folder: string;
  let redis: Redis;
  let line: RedisLine;
  let scene: ProcessesScene;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tandem-kill-points-'));
    redis = await startRedis({ folder });
    // A script that Redis does not know yet takes two requests, of which the first does nothing.
    for (const { SCRIPT } of Object.values(scripts)) await askRedis(redis.url, 'SCRIPT', 'LOAD', SCRIPT);
    line = await RedisLine.start(redis.url);
    const brokers = testKafkaBrokers().join(',');
    // What was killed is missed for so long before its partitions go to the next.
    const settings = { KAFKA_SESSION_TIMEOUT_MS: '1000' };
    scene = await ProcessesScene.open({ brokers, redisUrl: redis.url, seed: SEED, settings });
    await scene.start('batch-layer');
    await startSpeed();
    await scene.start('serving-layer');
    await scene.untilReady();
  }, 180_000);
  afterAll(async () => {
    await scene?.close();
    await line?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const startSpeed = () =>
    scene.start('speed-layer', 'speed-layer', { program: SPEED_PROGRAM, settings: { REDIS_URL: line.url } });

  /** A serving layer that reads all of the view from Redis. */
  const startAnew = async () => {
    await scene.program('serving-layer').kill();
    await scene.start('serving-layer');
    await scene.untilReady();
  };

  /** Makes the layer write what it does not write by itself. */
  const provoke = async (kind: WriteKind) => {
    if (kind === 'begin' || kind === 'cold') await askRedis(redis.url, 'FLUSHALL');
    if (kind !== 'claim') return;
    await scene.program('speed-layer').kill();
    // It is killed as soon as it claims, perhaps before it has said where it answers.
    startSpeed().catch(() => {});
  };

  it.each(KINDS.flatMap((kind) => CUT_POINTS.map((at) => [kind, at] as const)))(
    'counts everything once after it is started again (%s, %s)',
    async (kind, at) => {
      // One prefix for all: with more orders than a sketch holds exactly, answers would be estimates.
      // A run puts right what the speed layer has wrong; only for segments to be dropped are there runs.
      const load = startLoad(scene.loadOptions('kill', { runs: kind === 'drop' }));
      const cut = line.cutNext(kind, at, () => scene.program('speed-layer').kill());
      await provoke(kind);
      await cut;
      await startSpeed();
      await scene.untilReady();
      await load.stop();
      await startAnew();
      expect(await scene.faults()).toEqual([]);
      // So that the next one does not begin with all that was sent before.
      await scene.client.publish();
    },
    120_000,
  );

  it('does not overwrite its successor with a write that was under way when it froze', async () => {
    const load = startLoad(scene.loadOptions('kill', { runs: false }));
    const frozen = scene.program('speed-layer');
    const late = line.cutNext('apply', 'late', async () => {
      frozen.signal('SIGSTOP');
      await scene.start('speed-layer', 'successor', { program: SPEED_PROGRAM });
      // Only the successor can apply what the frozen one holds.
      await scene.client.untilCaughtUp();
    });
    await late;
    await load.stop();
    await startAnew();
    expect(await scene.faults()).toEqual([]);
    frozen.signal('SIGCONT');
    await scene.program('successor').kill();
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }, 120_000);
});
