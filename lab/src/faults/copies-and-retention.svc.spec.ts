import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { deadLetterTopicOf } from '@tandem/shared/adapters/kafka/kafka-dead-letters';
import { createTestTopic, type TestTopic } from '@tandem/shared/adapters/kafka/testing/test-topic';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { ProcessesScene } from '../testing/processes-scene.js';
import { ledgerDifferences, wrongAnswers } from '../testing/right-answers.js';
import { sampleEvent } from '../testing/sample-events.js';
import type { MetricAnswer } from '../testing/tandem-client.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_302;
const PARTITIONS = 4;
const WINDOW = 400;
/** Records of all partitions together that lie between a copy and its original at most: far less than the window. */
const SPREAD = 300;
const EVENTS = 400;
const MOST_COPIES = 5;
const PER_REQUEST = 60;
const REQUESTS_PER_RUN = 5;

type Comparison = { readonly closed: { readonly causes: { readonly duplicates_missed: number } } };

describe('Over a topic in which', () => {
  let scene: ProcessesScene;
  let topic: TestTopic;

  beforeAll(async () => {
    scene = await ProcessesScene.open({
      brokers: testKafkaBrokers().join(','),
      redisUrl: testRedisUrl(),
      seed: SEED,
      settings: { DUPLICATE_WINDOW_EVENTS: String(WINDOW) },
    });
    topic = await createTestTopic(PARTITIONS, scene.topic);
    await scene.startAll();
  }, 120_000);
  afterAll(async () => {
    await scene?.close();
    await topic?.drop(deadLetterTopicOf(topic.topic));
  }, 60_000);

  function newEvents(count: number): readonly EventInput[] {
    return Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'copies', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
  }
  async function ingest(events: readonly EventInput[]): Promise<void> {
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
  }
  const lineItems = async () => (await scene.client.answer('/metrics/revenue')).merged['line_items'] ?? 0;
  const ends = async () =>
    (await topic.admin.fetchTopicOffsets(topic.topic)).map(({ partition, high }) => [partition, Number(high)] as const);

  it('every event lies 1 to 5 times on both sides of boundaries, answers are right at every moment', async () => {
    const sending = newEvents(EVENTS)
      .flatMap((event, number) =>
        Array.from({ length: 1 + scene.random.below(MOST_COPIES) }, () => ({
          event,
          place: number * 3 + scene.random.below(SPREAD),
        })),
      )
      .sort((a, b) => a.place - b.place)
      .map(({ event }) => event);
    for (let request = 0; request * PER_REQUEST < sending.length; request++) {
      await ingest(sending.slice(request * PER_REQUEST, (request + 1) * PER_REQUEST));
      if (request % REQUESTS_PER_RUN !== 2) continue;
      expect(await scene.faults()).toEqual([]);
      await scene.client.publish();
    }
    expect(await scene.faults()).toEqual([]);
    const { closed } = await scene.client.body<Comparison>('/compare/revenue');
    expect(closed.causes.duplicates_missed).toBe(0);
  }, 120_000);

  it('copies lie in every partition, as a producer without keys puts them, they count once', async () => {
    const copied: EventInput = { ...ORDER_LINE, event_id: 'keyless', occurred_at: '2026-01-12T00:00:00.000Z' };
    scene.sent.add(copied);
    const before = await lineItems();
    for (let round = 0; round < 3; round++) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        await topic.appendForeign(partition, [asMessage(copied)]);
      }
      await scene.client.untilCaughtUp();
      const { merged, approximate } = await scene.client.answer('/metrics/revenue');
      expect([merged['line_items'], approximate]).toEqual([before + 1, {}]);
      await scene.client.publish();
      expect(await scene.faults()).toEqual([]);
    }
  }, 60_000);

  it('copies slip through the duplicate window, they are the drift until the next run, and its cause is counted', async () => {
    const copied: EventInput = { ...ORDER_LINE, event_id: 'copied', occurred_at: '2026-01-11T00:00:00.000Z' };
    scene.sent.add(copied);
    await ingest([copied]);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await topic.appendForeign(partition, newEvents(2 * WINDOW).map(asMessage));
    }
    await scene.client.publish();
    await scene.client.untilCaughtUp();
    const before = await lineItems();
    // The first of them is too far behind; the others are copies of that one.
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await topic.appendForeign(partition, [asMessage(copied)]);
    }
    await scene.client.untilCaughtUp();
    expect(await lineItems()).toBe(before + 1);
    await scene.client.publish();
    await scene.client.untilCaughtUp();
    const { closed } = await scene.client.body<Comparison>('/compare/revenue');
    expect(closed.causes.duplicates_missed).toBe(1);
    expect(await scene.faults()).toEqual([]);
  }, 60_000);

  it('retention has passed what the speed layer had read and no boundary, it begins anew at one', async () => {
    await scene.program('speed-layer').stop();
    await ingest(newEvents(50));
    const log = await scene.readLog();
    await scene.client.publish();
    for (const [partition, end] of await ends()) await topic.keepFrom(partition, end - 1);
    await scene.start('speed-layer');
    await scene.untilReady();
    expect(await wrongAnswers(scene.client, async () => log, scene.metrics)).toEqual([]);
    expect(await ledgerDifferences(scene.client)).toEqual([]);
  }, 60_000);

  it('retention has passed what both layers still needed, the run and the queries say so and give no number', async () => {
    const before = await lineItems();
    await scene.program('speed-layer').stop();
    await scene.program('batch-layer').stop();
    await ingest(newEvents(50));
    await scene.client.post('/batch/runs');
    for (const [partition, end] of await ends()) await topic.keepFrom(partition, end);
    await ingest(newEvents(50));
    await scene.start('batch-layer');
    await scene.start('speed-layer');
    const smaller: string[] = [];
    await waitFor('queries to say 503', async () => {
      const { status, body, text } = await scene.client.get('/metrics/revenue');
      if (status === 200 && ((body as MetricAnswer).merged['line_items'] ?? 0) < before) smaller.push(text);
      return status === 503;
    });
    expect(smaller).toEqual([]);
    const [run] = await scene.client.runs();
    const failed = await scene.client.runOver(run?.id ?? 0);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'corrupt' } });
    expect(failed.error?.message).toMatch(
      /partition \d of .*: found offset \d+ wanted; allowed are \d+ to \d+: retention/,
    );
    const ready = await scene.client.get('/ready');
    expect([ready.status, ready.text]).toEqual([
      503,
      expect.stringMatching(/partition \d.*found \d+ as the first offset/),
    ]);
    expect((await scene.client.get('/metrics/revenue?layer=batch')).status).toBe(200);
    expect((await scene.client.get('/metrics/revenue')).status).toBe(503);
  }, 120_000);
});

const asMessage = (event: EventInput) => ({ key: null, value: JSON.stringify(event) });

const ORDER_LINE = {
  type: 'order_placed',
  order_id: 'copied',
  customer_id: 'copied',
  category: 'books',
  amount: '1',
  country: 'DE',
} as const;
