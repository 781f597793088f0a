import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import type { MetricAnswer } from '../testing/tandem-client.js';

const SEED = 20_260_105;
const EVENTS_PER_REQUEST = 2_500;
const REQUESTS = 5;
const KEPT_RUNS = 3;

describe('A restart, after which the realtime view must be rebuilt', () => {
  let scene: FaultScene;
  let before: MetricAnswer;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    const client = await scene.start();
    for (let request = 0; request < REQUESTS; request++) {
      const events = Array.from({ length: EVENTS_PER_REQUEST }, () => {
        const event = sampleEvent(scene.random, 'restart', scene.sent.count);
        scene.sent.add(event);
        return event;
      });
      // Every tenth event twice, once on each side of the boundary: the duplicate window must reach across it.
      const copies = Array.from({ length: EVENTS_PER_REQUEST / 10 }, () => scene.sent.anyOf(scene.random));
      const lines = [...events, ...copies].map((event) => JSON.stringify(event)).join('\n');
      expect((await client.send('POST', '/events', lines, 'application/x-ndjson')).status).toBe(202);
      scene.sent.acknowledge(events);
      // So many runs that the first is kept and the empty one no longer: reading resumes in the middle of the log.
      if (request < KEPT_RUNS) await client.publish();
    }
    await client.untilCaughtUp();
    before = await client.answer('/metrics/revenue');
    await scene.kill();
  }, 180_000);
  afterAll(() => scene.close());

  it('answers 503 until it is warm, and then the same as before: never a smaller number with 200', async () => {
    const client = await scene.startCold();
    const statuses: number[] = [];
    for (let isWarm = false; !isWarm; ) {
      const reply = await client.get('/metrics/revenue');
      statuses.push(reply.status);
      if (reply.status === 503) {
        expect(JSON.parse(reply.text)).toMatchObject({ status: 503 });
        // What rests on the batch layer alone can be said all the time.
        expect((await client.answer('/metrics/revenue?layer=batch')).batch).toEqual(before.batch);
        continue;
      }
      isWarm = true;
      const answer = reply.body as MetricAnswer;
      expect(answer).toMatchObject({ merged: before.merged, batch: before.batch, speed: before.speed });
      expect((await client.get('/ready')).status).toBe(200);
    }
    expect(statuses.filter((status) => status !== 503 && status !== 200)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(1);
  }, 180_000);

  it('leaves every kept run to go back to, and changes no answer, also after the next run', async () => {
    expect(await scene.faults()).toEqual([]);
    for (let step = 1; step < KEPT_RUNS; step++) {
      expect((await scene.client.post('/batch/rollback')).status).toBe(200);
      expect(await scene.client.answer('/metrics/revenue')).toMatchObject({ merged: before.merged });
    }
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }, 180_000);
});
