import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { sampleEvent } from '../testing/sample-events.js';

const SEED = 20_260_104;
const EVENTS = 300;

describe('Rolling back to the run before', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
    for (let run = 0; run < 3; run++) {
      await ingestMore();
      await scene.client.publish();
    }
    await ingestMore();
  }, 180_000);
  afterAll(() => scene.close());

  it('changes no merged answer, and moves the boundary back', async () => {
    const before = await mergedNow();
    expect((await scene.client.post('/batch/rollback')).status).toBe(200);
    const after = await mergedNow();
    expect(after.merged).toEqual(before.merged);
    expect(after.boundary.run).toBe(before.boundary.run - 1);
    expect(await scene.faults()).toEqual([]);
  });

  it('leaves the comparison of the layers without drift', async () => {
    const { status, text } = await scene.client.get('/compare/revenue?group_by=country');
    expect({ status, text }).toMatchObject({ status: 200 });
  });

  it('can be done as often as older runs are kept, and is then refused', async () => {
    expect((await scene.client.post('/batch/rollback')).status).toBe(200);
    expect(await scene.faults()).toEqual([]);
    expect((await scene.client.post('/batch/rollback')).status).toBe(409);
    expect(await scene.faults()).toEqual([]);
  });

  it('survives a restart', async () => {
    const before = await mergedNow();
    await scene.kill();
    await scene.start();
    expect(await mergedNow()).toMatchObject({ merged: before.merged, boundary: before.boundary });
  });

  it('is followed by runs that are right again', async () => {
    await ingestMore();
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
    await ingestMore();
    await scene.client.publish('full');
    expect(await scene.faults()).toEqual([]);
  });

  async function ingestMore(): Promise<void> {
    const events = Array.from({ length: EVENTS }, (_, index) =>
      sampleEvent(scene.random, 'rollback', scene.sent.count + index),
    );
    for (const event of events) scene.sent.add(event);
    await scene.client.ingest([...events, ...events.slice(0, 20)]);
    scene.sent.acknowledge(events);
  }

  async function mergedNow() {
    await scene.client.untilCaughtUp();
    return scene.client.answer('/metrics/revenue');
  }
});
