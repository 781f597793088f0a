import { describe, expect, it } from '@jest/globals';
import { digestOf, ZERO_TALLY } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { DuplicateWindow } from './duplicate-window.js';
import { takeOver } from './take-over.js';
import { type Scene, sceneOf } from './testing/scene.js';

/** A log of 10 records of which retention has left those from `start` (inclusive); the view is warm and stands at `applied`. */
async function standingAt(applied: number, start: number) {
  const log = new MemoryEventLog(1);
  log.appendForeign(
    0,
    Array.from({ length: 10 }, () => null),
  );
  log.startOffsets = async () => [start];
  const scene = sceneOf(log);
  const { owner } = await scene.store.claim(0);
  await scene.store.begin(0, owner, 0);
  const tally = { ...ZERO_TALLY, read: applied, invalid: applied };
  await scene.store.apply(owner, {
    partition: 0,
    from: 0,
    to: applied,
    segments: [{ start: 0, tally, cells: new Map() }],
  });
  await scene.store.setCold(0, owner, null);
  return scene;
}

const stateOf = (scene: Scene) => takeOver(scene, 0, new DuplicateWindow(10));

describe('taking a partition over', () => {
  it('goes on where the view stands while the log still reaches down to there', async () => {
    const scene = await standingAt(6, 6);
    scene.runs.keep([8], [0]);
    expect(await stateOf(scene)).toMatchObject({ applied: 6, segmentStart: 0, goal: null });
  });

  it('begins anew at the oldest boundary that can be read when retention has passed what was applied', async () => {
    const scene = await standingAt(3, 6);
    scene.runs.keep([9], [7], [0]);
    expect(await stateOf(scene)).toMatchObject({ applied: 7, segmentStart: 7, goal: 10 });
    expect((await scene.store.view()).partitions).toMatchObject([{ from: 7, applied: 7, segments: [] }]);
  });

  it('fills the duplicate window from the first record that retention has left, not from one that is gone', async () => {
    const scene = await standingAt(6, 4);
    expect(await stateOf(scene)).toMatchObject({ next: 4, applied: 6 });
  });
});

describe('a view that has come further than the log, or has read another record there,', () => {
  it.each([
    ['is begun anew when the last record is another one', 'another digest', { applied: 0 }],
    ['is gone on with when it is the same', digestOf({ value: null, barrier: null }), { applied: 6 }],
  ])('%s', async (_, lastDigest, expected) => {
    const scene = await standingAt(6, 0);
    const { owner } = await scene.store.claim(0);
    await scene.store.apply(owner, { partition: 0, from: 6, to: 6, segments: [], lastDigest });
    expect(await stateOf(scene)).toMatchObject(expected);
  });
});
