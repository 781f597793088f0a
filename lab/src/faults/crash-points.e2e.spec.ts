import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHECKPOINTS } from '@tandem/batch-layer/checkpoint';
import { FaultScene } from '../testing/fault-scene.js';
import { startLoad } from '../testing/load.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_102;

describe('A Tandem that is killed in the middle of a batch run', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
  });
  afterAll(() => scene.close());

  it.each(CHECKPOINTS)(
    'heals after a kill at %s',
    async (checkpoint) => {
      const dying = await scene.start({ settings: { TANDEM_CRASH_AT: checkpoint } });
      const load = startLoad(scene.loadOptions('crash', { runs: false }));
      const enough = scene.sent.acknowledged.size + 100;
      await waitFor('100 events more', () => scene.sent.acknowledged.size >= enough);
      await dying.post('/batch/runs', { mode: 'incremental' }).catch(() => undefined);
      expect(await scene.process.ended).toEqual({ code: null, signal: 'SIGKILL' });
      scene.kills++;
      await load.stop();

      const client = await scene.start();
      expect(await scene.faults()).toEqual([]);
      const [last] = await client.runs();
      expect((await client.runOver(last?.id ?? 0)).state).toBe(
        checkpoint === 'publish-committed' ? 'published' : 'failed',
      );

      await client.publish();
      expect(await scene.faults()).toEqual([]);
      await scene.process.stop();
    },
    180_000,
  );

  it('has been killed at every step', () => {
    expect(scene.kills).toBe(CHECKPOINTS.length);
  });
});
