import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHECKPOINTS } from '@tandem/batch-layer/checkpoint';
import { isOfPublication, runCrashedAt } from '../testing/cut-off-runs.js';
import { PostgresScene } from '../testing/postgres-scene.js';

const SEED = 20_260_212;

describe('A run that is cut off at every one of its steps, over real services,', () => {
  let scene: PostgresScene;

  beforeAll(async () => {
    scene = await PostgresScene.open(SEED, { BATCH_CHUNK_RECORDS: '100' });
  }, 180_000);
  afterAll(() => scene?.close(), 60_000);

  it('shows nothing of itself whichever statement of its publication Postgres is stopped at', async () => {
    await scene.layers.client.publish();
    const last = Math.max(...scene.ofBatch.passed.filter(isOfPublication).map(({ before }) => before.length));
    expect(last).toBeGreaterThan(20);
    for (let place = 1; place <= last; place++) {
      let statement = '';
      let state = '';
      await scene.underLoad('stopped', async () => {
        const { run, held } = await scene.runUntil((one) => isOfPublication(one) && one.before.length === place);
        statement = held.text;
        await scene.postgres.stopImmediately();
        held.cut();
        await scene.bouncePostgres();
        ({ state } = await scene.layers.client.runOver(run));
      });
      const faults = await scene.faultsAfterNextRun();
      expect({ statement, state, faults }).toEqual({ statement, state: 'failed', faults: [] });
    }
  }, 1_800_000);

  it.each(CHECKPOINTS)(
    'heals when its process is killed at %s',
    async (checkpoint) => {
      await scene.layers.program('batch-layer').stop();
      await scene.underLoad('crash', async () => {
        const { state } = await runCrashedAt(scene.layers.client, (settings) => scene.startBatch(settings), checkpoint);
        expect(state).toBe(checkpoint === 'publish-committed' ? 'published' : 'failed');
      });
      expect(await scene.faultsAfterNextRun()).toEqual([]);
    },
    180_000,
  );
});
