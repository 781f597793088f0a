import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { countedStretch, wholeCounts } from '@tandem/shared/adapters/redis/testing/counted-stretches';
import { countsSeenBy, RedisViewScene, ViewWorker } from '../testing/redis-view-scene.js';

jest.setTimeout(60_000);

const EVICTING_MS = 4_000;

let scene: RedisViewScene;
const start = async (...options: Parameters<typeof RedisViewScene.start>) => {
  scene = await RedisViewScene.start(...options);
};

afterEach(() => scene.stop());

describe('when Redis loses something', () => {
  beforeEach(() => start());

  it('is cold after FLUSHALL, refuses the next stretch as fenced, and is begun anew', async () => {
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await worker.apply(100);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(100));
    await scene.command('FLUSHALL');
    expect((await reader.view()).partitions).toEqual([
      { from: 0, applied: 0, segments: [], cold: expect.stringMatching(/emptied/) },
    ]);
    await expect(worker.apply(10)).rejects.toMatchObject({ code: 'fenced' });
    await worker.reach(160, 20);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(160));
    expect(await scene.freshCounts()).toEqual(wholeCounts(160));
  });

  it('never shows less after any one of its keys is deleted, and heals', async () => {
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    for (let round = 0; round < 20; round++) await worker.apply(9);
    const keys = (await scene.command('KEYS', '*')) as string[];
    expect(keys.filter((key) => key.includes(':state:'))).not.toEqual([]);
    for (const key of keys) {
      await worker.reach(worker.applied + 90, 9);
      const { applied } = worker;
      await scene.command('DEL', key);
      for (const seen of [await countsSeenBy(reader), await scene.freshCounts()]) {
        if (seen !== null) expect(seen).toEqual(wholeCounts(applied));
      }
      const failure = await worker.apply(9).catch((error: unknown) => error);
      // A segment that was begun anew since may not have had this key yet.
      if (failure) expect(failure).toMatchObject({ code: 'fenced' });
      await worker.reach(applied + 18, 9);
      expect(await countsSeenBy(reader)).toEqual(wholeCounts(worker.applied));
      expect(await scene.freshCounts()).toEqual(wholeCounts(worker.applied));
    }
  });

  it('notices a loss while the log is quiet, when segments are to be dropped', async () => {
    const store = await scene.subject.open();
    const worker = new ViewWorker(store);
    await worker.takeOver();
    await worker.apply(10);
    await expect(store.dropBelow(0, worker.owner, 0)).resolves.toBeUndefined();
    await scene.command('FLUSHALL');
    await expect(store.dropBelow(0, worker.owner, 0)).rejects.toMatchObject({ code: 'fenced' });
  });
});

it('never shows less while Redis evicts keys at random', async () => {
  await start({ maxmemory: '2500kb', 'maxmemory-policy': 'allkeys-random' }, 20_000);
  const worker = new ViewWorker(await scene.subject.open());
  const reader = await scene.subject.open();
  const end = Date.now() + EVICTING_MS;
  const writing = (async () => {
    while (Date.now() < end) await worker.reach(worker.applied + 20, 20);
  })();
  const filling = (async () => {
    for (let number = 0; Date.now() < end; number++) {
      await scene.command('SET', `filler:${number % 50}`, 'x'.repeat(100_000));
    }
  })();
  let warm = 0;
  while (Date.now() < end) {
    for (const seen of [await countsSeenBy(reader).catch(() => null), await scene.freshCounts().catch(() => null)]) {
      if (seen) expect(seen).toEqual(wholeCounts(seen.applied));
      if (seen) warm++;
    }
  }
  await Promise.all([writing, filling]);
  expect(warm).toBeGreaterThan(0);
  expect(await scene.command('INFO', 'stats')).toMatch(/evicted_keys:[1-9]/);
  await scene.command('CONFIG', 'SET', 'maxmemory', '0');
  await worker.reach(worker.applied + 40, 20);
  expect(await scene.freshCounts()).toEqual(wholeCounts(worker.applied));
});

describe('when redis-server is killed', () => {
  it('goes on from what the append-only file holds', async () => {
    await start({ appendonly: 'yes', appendfsync: 'always' });
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await worker.reach(300, 30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(300));
    await scene.redis.kill();
    await expect(reader.view()).rejects.toMatchObject({ code: 'unavailable' });
    await scene.redis.restart();
    await worker.reach(330, 30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(330));
    expect(await scene.freshCounts()).toEqual(wholeCounts(330));
  });

  it('is rebuilt when nothing was saved', async () => {
    await start();
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await worker.reach(300, 30);
    await scene.redis.kill();
    await scene.redis.restart();
    expect(await countsSeenBy(reader)).toBeNull();
    await worker.reach(330, 30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(330));
  });

  it('goes on from an older copy, cold for who has seen more until that is there again', async () => {
    await start();
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await worker.reach(300, 30);
    await scene.command('SAVE');
    await worker.reach(360, 30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(360));
    await scene.redis.kill();
    await scene.redis.restart();
    expect(await countsSeenBy(reader)).toBeNull();
    expect(await scene.freshCounts()).toEqual(wholeCounts(300));
    await expect(worker.apply(30)).rejects.toMatchObject({ code: 'fenced' });
    await worker.takeOver();
    expect(worker.applied).toBe(300);
    await worker.reach(340, 20);
    expect(await countsSeenBy(reader)).toBeNull();
    await worker.reach(360, 20);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(360));
    expect(await scene.freshCounts()).toEqual(wholeCounts(360));
  });

  it('never takes stretches of one history for those of another, also for a reader who saw neither end', async () => {
    await start({}, 1e9);
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await scene.command('SAVE');
    await worker.reach(60, 30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(60));
    await scene.redis.kill();
    await scene.redis.restart();
    await worker.takeOver();
    await worker.reach(75, 5);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(75));
  });

  it('never takes a stretch of one history for that of another, also when they only differ in their cells', async () => {
    await start({}, 1e9);
    const store = await scene.subject.open();
    const worker = await scene.worker();
    const reader = await scene.subject.open();
    await scene.command('SAVE');
    await worker.apply(30);
    expect(await countsSeenBy(reader)).toEqual(wholeCounts(30));
    await scene.redis.kill();
    await scene.redis.restart();
    const { owner } = await store.claim(0);
    const otherwise = countedStretch(0, 0, 30);
    for (const { cells } of otherwise.segments)
      for (const cell of cells.get('sales')?.values() ?? []) cell.states[0] = 7;
    await store.apply(owner, otherwise);
    await store.apply(owner, countedStretch(0, 30, 40));
    const fresh = await scene.freshCounts();
    expect(fresh?.sum).not.toBe(wholeCounts(40).sum);
    expect(await countsSeenBy(reader)).toEqual(fresh);
  });
});
