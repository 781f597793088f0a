import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { hostileRequest } from '../testing/hostile-requests.js';
import { residentMb } from '../testing/memory.js';
import { sampleEvent } from '../testing/sample-events.js';

const SEED = 20_260_109;
const REQUESTS = 20_000;
/** Until the heap has taken nearly the room it likes: 20,000 requests later it has been seen to have 20 MB more, and no more after 10,000 others. */
const WARM_UP_REQUESTS = 10_000;
const IN_FLIGHT = 12;
const MOST_GROWTH_MB = 80;

describe('Hostile requests', () => {
  let scene: FaultScene;
  const statuses = new Map<number, number>();
  const faults: string[] = [];

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
    const events = Array.from({ length: 200 }, (_, number) => sampleEvent(scene.random, 'fuzz', number));
    for (const event of events) scene.sent.add(event);
    await scene.client.ingest(events);
  }, 180_000);
  afterAll(() => scene.close());

  it('are answered with 2xx or 4xx, without a crash and without growing memory', async () => {
    await send(WARM_UP_REQUESTS);
    const before = await residentMb(scene.process.pid);
    await send(REQUESTS - WARM_UP_REQUESTS);
    const growth = (await residentMb(scene.process.pid)) - before;
    expect(faults.slice(0, 10)).toEqual([]);
    expect(scene.process.ending).toBeUndefined();
    expect(growth).toBeLessThan(MOST_GROWTH_MB);
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
    for (const status of [200, 202, 400, 404, 405, 413, 415])
      expect([status, statuses.get(status) ?? 0]).not.toContain(0);
  }, 180_000);

  it('have left every answer right', async () => {
    const { client, dataFolder, metrics } = scene;
    const { wrongAnswers, ledgerDifferences } = await import('../testing/right-answers.js');
    expect(await wrongAnswers(client, dataFolder, metrics)).toEqual([]);
    await client.runs().then(([last]) => last && client.runOver(last.id));
    await client.publish('full');
    expect(await wrongAnswers(client, dataFolder, metrics)).toEqual([]);
    expect(await ledgerDifferences(client)).toEqual([]);
  }, 180_000);

  async function send(count: number): Promise<void> {
    let left = count;
    const work = async () => {
      while (left-- > 0) await sendOne();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  }

  async function sendOne(): Promise<void> {
    const request = hostileRequest(scene.random);
    const asText = `${request.method} ${request.path} ${String(request.body ?? '').slice(0, 200)}`;
    try {
      const { status, text } = await scene.client.send(request.method, request.path, request.body, request.type);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status < 200 || status >= 500 || (status >= 300 && status < 400)) {
        faults.push(`${asText}: HTTP ${status} ${text.slice(0, 300)}`);
      }
      if (/ at .*\.js:\d+/.test(text)) faults.push(`${asText}: an answer with a stack trace: ${text.slice(0, 300)}`);
    } catch (error) {
      faults.push(`${asText}: ${error} ${(error as Error).cause}`);
    }
  }
});
