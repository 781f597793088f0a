import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@tandem/shared';
import { wholeCounts } from '@tandem/shared/adapters/redis/testing/counted-stretches';
import { RedisLine } from '../testing/redis-line.js';
import { countsSeenBy, RedisViewScene, ViewWorker } from '../testing/redis-view-scene.js';

jest.setTimeout(60_000);

let scene: RedisViewScene;
const start = async (...options: Parameters<typeof RedisViewScene.start>) => {
  scene = await RedisViewScene.start(...options);
};

afterEach(() => scene.stop());

describe('when an answer is lost', () => {
  let line: RedisLine;
  beforeEach(async () => {
    await start();
    line = await RedisLine.start(scene.redis.url);
  });
  afterEach(() => line.stop());

  it('counts the stretch once when it is applied again', async () => {
    const store = await scene.subject.open({ url: line.url });
    const worker = new ViewWorker(store);
    await worker.takeOver();
    await worker.warm();
    for (let round = 0; round < 5; round++) {
      const cut = line.cutNext('apply', 'unanswered');
      await expect(worker.apply(50)).rejects.toMatchObject({ code: 'unavailable' });
      await cut;
      expect(await scene.freshCounts()).toEqual(wholeCounts(worker.applied + 50));
      await worker.apply(50);
      expect(await scene.freshCounts()).toEqual(wholeCounts(worker.applied));
    }
  });

  it('does not write over a successor what the successor has not seen', async () => {
    const frozen = new ViewWorker(await scene.subject.open({ url: line.url }));
    await frozen.takeOver();
    await frozen.warm();
    await frozen.apply(50);
    const cut = line.cutNext('apply', 'unanswered');
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'unavailable' });
    await cut;
    const successor = await scene.worker();
    expect(successor.applied).toBe(60);
    await successor.apply(7);
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    await expect(frozen.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    expect(await scene.freshCounts()).toEqual(wholeCounts(67));
  });
});

describe('when Redis is away', () => {
  beforeEach(() => start());

  it('says so within seconds while it is frozen, and goes on by itself', async () => {
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await worker.apply(50);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(50));
    scene.redis.signal('SIGSTOP');
    const askedAt = Date.now();
    await expect(reader.view()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'unavailable' });
    expect(Date.now() - askedAt).toBeLessThan(6_000);
    scene.redis.signal('SIGCONT');
    await worker.reach(70, 10);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(worker.applied));
  });

  it('says that it is full and takes the same stretch once there is room', async () => {
    const worker = await scene.worker();
    await worker.apply(50);
    await scene.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'unavailable', message: /full: raise its maxmemory/ });
    expect(await scene.freshCounts()).toEqual(wholeCounts(50));
    await scene.command('CONFIG', 'SET', 'maxmemory', '0');
    await worker.apply(10);
    expect(await scene.freshCounts()).toEqual(wholeCounts(60));
  });
});

it('warns in one line when Redis may evict', async () => {
  await start({ 'maxmemory-policy': 'allkeys-lru' });
  const logger = createLogger('test', 'silent');
  const warn = jest.spyOn(logger, 'warn');
  const store = await scene.subject.open({ logger });
  await store.view();
  await store.view();
  expect(warn.mock.calls).toEqual([[{ found: 'allkeys-lru' }, expect.stringContaining('noeviction')]]);
});
