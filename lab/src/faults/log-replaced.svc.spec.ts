import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { deadLetterTopicOf } from '@tandem/shared/adapters/kafka/kafka-dead-letters';
import { createTestTopic, type TestTopic } from '@tandem/shared/adapters/kafka/testing/test-topic';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { createTestDatabase, type TestDatabase } from '@tandem/shared/testing/test-database';
import { type Layer, ProcessesScene } from '../testing/processes-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import type { MetricAnswer } from '../testing/tandem-client.js';
import { waitFor } from '../testing/tandem-process.js';

const PARTITIONS = 4;
const LAYERS: readonly Layer[] = ['batch-layer', 'speed-layer', 'serving-layer'];
const IS_REPLACED = /The log was replaced/;

/** What the topic is made anew with. */
const REPLACEMENTS: readonly [string, { readonly perPartition: number; readonly config?: Record<string, string> }][] = [
  ['empty', { perPartition: 0 }],
  ['longer than before', { perPartition: 200 }],
  [
    'longer than before and stamped by its broker',
    {
      perPartition: 200,
      config: { 'message.timestamp.type': 'LogAppendTime' },
    },
  ],
];

describe.each(REPLACEMENTS)('A topic that is made anew while three layers run, %s,', (_, { perPartition, config }) => {
  let scene: ProcessesScene;
  let topic: TestTopic;
  let emptyDatabase: TestDatabase;
  const smaller: string[] = [];

  beforeAll(async () => {
    scene = await ProcessesScene.open({ brokers: testKafkaBrokers().join(','), redisUrl: testRedisUrl(), seed: 7 });
    topic = await createTestTopic(PARTITIONS, scene.topic);
    emptyDatabase = await createTestDatabase(PARTITIONS);
    await scene.startAll();
  }, 120_000);
  afterAll(async () => {
    await scene?.close();
    await topic?.drop(deadLetterTopicOf(topic.topic));
    await emptyDatabase?.drop();
  }, 60_000);

  const newEvents = (count: number): readonly EventInput[] =>
    Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'replaced', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
  async function makeAnew(): Promise<void> {
    const configEntries = Object.entries(config ?? {}).map(([name, value]) => ({ name, value }));
    const made = { topic: topic.topic, numPartitions: PARTITIONS, configEntries };
    // A broker may go on knowing the old one for a moment, and make one by itself when a client asks for it meanwhile.
    await waitFor('the topic to be made anew', async () => {
      await topic.admin.deleteTopics({ topics: [topic.topic] }).catch(() => {});
      return topic.admin.createTopics({ waitForLeaders: true, topics: [made] }).catch(() => false);
    });
    for (let partition = 0; perPartition > 0 && partition < PARTITIONS; partition++) {
      const values = newEvents(perPartition).map((event) => ({ key: null, value: JSON.stringify(event) }));
      await topic.appendForeign(partition, values);
    }
  }
  const untilRefused = () =>
    waitFor('answers to say that the log was replaced', async () => {
      const { status, body, text } = await scene.client.get('/metrics/revenue');
      if (status === 200 && ((body as MetricAnswer).merged['line_items'] ?? 0) < 1) smaller.push(text);
      return status === 503 && IS_REPLACED.test(text);
    });
  async function expectRefusedEverywhere(): Promise<void> {
    for (const path of ['/metrics/revenue', '/metrics/revenue?layer=speed', '/ready', '/ledger', '/compare/revenue']) {
      const { status, text } = await scene.client.get(path);
      expect([path, status, text]).toEqual([path, 503, expect.stringMatching(IS_REPLACED)]);
    }
    expect((await scene.client.get('/metrics/revenue?layer=batch')).status).toBe(200);
    const [event] = newEvents(1);
    const posted = await scene.client.post('/events', event);
    expect([posted.status, posted.text]).toEqual([503, expect.stringMatching(IS_REPLACED)]);
  }
  async function expectNoRun(): Promise<void> {
    const { id } = (await scene.client.post('/batch/runs')).body as { id: number };
    const run = await scene.client.runOver(id);
    expect(run).toMatchObject({
      state: 'failed',
      error: { code: 'corrupt', message: expect.stringMatching(IS_REPLACED) },
    });
  }

  it('is refused within seconds', async () => {
    const events = newEvents(40);
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
    await makeAnew();
    await untilRefused();
    expect(smaller).toEqual([]);
    await expectRefusedEverywhere();
    await expectNoRun();
  }, 120_000);

  it('is refused after a restart, however long it has become', async () => {
    for (const layer of LAYERS) await scene.program(layer).stop();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await topic.appendForeign(
        partition,
        newEvents(50).map((event) => ({ key: null, value: JSON.stringify(event) })),
      );
    }
    for (const layer of LAYERS) await scene.start(layer);
    await untilRefused();
    await expectRefusedEverywhere();
    await expectNoRun();
  }, 120_000);

  it('is a log like any other for an empty database', async () => {
    for (const layer of LAYERS) await scene.program(layer).stop();
    const settings = { POSTGRES_URL: emptyDatabase.url, MASTER_DATASET: `${scene.folder}/another-dataset` };
    for (const layer of LAYERS) await scene.start(layer, layer, { settings });
    await scene.untilReady();
    await scene.client.publish();
    await scene.client.untilCaughtUp();
    const { status, body } = await scene.client.get('/metrics/revenue');
    expect(status).toBe(200);
    expect((body as MetricAnswer).status).toBe('complete');
  }, 120_000);
});
