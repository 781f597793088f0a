import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { startLoad } from '../testing/load.js';
import { databasePidOf } from '../testing/tandem-process.js';

const SEED = 20_260_101;
const KILLS = 16;
const LONGEST_LOAD_MS = 1_200;

describe('A Tandem that is killed again and again under load', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
  });
  afterAll(() => scene.close());

  it.each(Array.from({ length: KILLS }, (_, kill) => kill + 1))(
    'counts every acknowledged event once after kill %i',
    async (kill) => {
      const load = startLoad(scene.loadOptions('kill'));
      await sleep(100 + scene.random.below(LONGEST_LOAD_MS));
      // Every third time the database dies too, without writing anything more.
      const database = kill % 3 === 0 ? await databasePidOf(scene.dataFolder) : undefined;
      await scene.kill();
      if (database) process.kill(database, 'SIGKILL');
      await load.stop();

      const client = await scene.start();
      expect(await scene.faults()).toEqual([]);
      if (kill % 3 !== 1) return;
      await client.publish(kill % 2 ? 'incremental' : 'full');
      expect(await scene.faults()).toEqual([]);
    },
    180_000,
  );

  it('counts events once that are sent again because nobody knew what had become of them', async () => {
    const lost = scene.sent.unacknowledged();
    for (let at = 0; at < lost.length; at += 500) await scene.client.ingest(lost.slice(at, at + 500));
    scene.sent.acknowledge(lost);
    await scene.client.publish('full');
    expect(await scene.faults()).toEqual([]);
    const answer = await scene.client.answer('/metrics/revenue');
    const orders = [...scene.sent.texts.values()].filter((text) => text.includes('order_placed'));
    expect(answer.merged['line_items']).toBe(orders.length);
  }, 180_000);

  it('has been killed often, while runs were published and readers read', () => {
    expect(scene.kills).toBe(KILLS);
    expect(scene.seen.runs.size).toBeGreaterThan(3);
    expect(scene.seen.count).toBeGreaterThan(KILLS);
    expect(scene.sent.acknowledged.size).toBeGreaterThan(1_000);
  });
});
