import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { deadLetterTopicOf } from '@tandem/shared/adapters/kafka/kafka-dead-letters';
import { createTestTopic, type TestTopic } from '@tandem/shared/adapters/kafka/testing/test-topic';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { createTestDatabase, type TestDatabase } from '@tandem/shared/testing/test-database';
import { type Layer, ProcessesScene } from '../testing/processes-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const PARTITIONS = 4;
const LAYERS: readonly Layer[] = ['batch-layer', 'speed-layer', 'serving-layer'];
const MEBIBYTE = 1024 * 1024;
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

type Ledger = {
  readonly balanced: boolean;
  readonly batch: { readonly partitions: readonly { partition: number; from: number }[] };
};

/** Three layers over a topic that its owner then changes, and a database to begin anew with. */
function openScene(settings?: Readonly<Record<string, string>>) {
  const house = {} as { scene: ProcessesScene; topic: TestTopic; emptyDatabase: TestDatabase };
  beforeAll(async () => {
    house.scene = await ProcessesScene.open({
      brokers: testKafkaBrokers().join(','),
      redisUrl: testRedisUrl(),
      seed: 11,
    });
    house.topic = await createTestTopic(PARTITIONS, house.scene.topic);
    if (settings) await house.topic.make(settings);
    await house.scene.startAll();
  }, 120_000);
  afterAll(async () => {
    await house.scene?.close();
    await house.topic?.drop(deadLetterTopicOf(house.topic.topic));
    await house.emptyDatabase?.drop();
  }, 60_000);
  const newEvents = (count: number): readonly EventInput[] =>
    Array.from({ length: count }, () => {
      const event = sampleEvent(house.scene.random, 'changed', house.scene.sent.count);
      house.scene.sent.add(event);
      return event;
    });
  return Object.assign(house, {
    newEvents,
    asMessages: (events: readonly EventInput[]) => events.map((event) => ({ key: null, value: JSON.stringify(event) })),
    ingest: async (count: number) => {
      const events = newEvents(count);
      await house.scene.client.ingest(events);
      house.scene.sent.acknowledge(events);
    },
    lineItems: async () => (await house.scene.client.answer('/metrics/revenue')).merged['line_items'],
    /** Every door gives the reason, and there is no run. */
    expectRefused: async (reason: RegExp, paths: readonly string[] = ['/ready', '/metrics/revenue', '/ledger']) => {
      await waitFor(`/ready to say ${reason}`, async () => reason.test((await house.scene.client.get('/ready')).text));
      const { client } = house.scene;
      for (const path of paths) {
        const { status, text } = await client.get(path);
        expect([path, status, text]).toEqual([path, 503, expect.stringMatching(reason)]);
      }
      expect((await client.get('/metrics/revenue?layer=batch')).status).toBe(200);
      const { id } = (await client.post('/batch/runs')).body as { id: number };
      expect(await client.runOver(id)).toMatchObject({
        state: 'failed',
        error: { code: 'corrupt', message: expect.stringMatching(reason) },
      });
    },
    expectNoAppend: async (reason: RegExp) => {
      const { status, text } = await house.scene.client.post('/events', newEvents(1)[0]);
      expect([status, text]).toEqual([503, expect.stringMatching(reason)]);
    },
    beginAnew: async (overrides: Readonly<Record<string, string>> = {}, partitions = PARTITIONS) => {
      for (const layer of LAYERS) await house.scene.program(layer).stop();
      house.emptyDatabase = await createTestDatabase(partitions);
      const settings = {
        POSTGRES_URL: house.emptyDatabase.url,
        MASTER_DATASET: `${house.scene.folder}/another-dataset`,
        LOG_PARTITIONS: String(partitions),
        ...overrides,
      };
      for (const layer of LAYERS) await house.scene.start(layer, layer, { settings });
      await house.scene.untilReady();
    },
  });
}

describe('A topic of somebody else', () => {
  const house = openScene({ 'compression.type': 'producer', 'max.message.bytes': String(16 * MEBIBYTE) });
  const reason =
    /partition 1 of .*: found records from offset \d+ on that cannot be read: its LZ4 blocks have checksums/;

  it('that comes to hold what cannot be unpacked stops in that partition, with one state and no dead letters', async () => {
    const { scene, topic } = house;
    await house.ingest(40);
    await scene.client.publish();
    await topic.appendUnreadable(1, house.asMessages(house.newEvents(30)));
    await topic.appendForeign(1, house.asMessages(house.newEvents(5)));
    await house.expectRefused(reason, ['/ready', '/metrics/revenue']);
    const before = await topic.admin.fetchTopicOffsets(topic.topic);
    await topic.appendForeign(2, house.asMessages(house.newEvents(5)));
    const speedUrl = ADDRESS.exec(scene.program('speed-layer').output)?.[0];
    type Health = { partitions: { partition: number; applied: number; blocked?: string }[] };
    await waitFor('the other partition to go on', async () => {
      const { partitions } = (await (await fetch(`${speedUrl}/health`)).json()) as Health;
      const [end, found] = [
        before.find(({ partition }) => partition === 2)?.high,
        partitions.find(({ partition }) => partition === 2),
      ];
      return (
        found?.applied === Number(end) + 5 &&
        reason.test(partitions.find(({ partition }) => partition === 1)?.blocked ?? '')
      );
    });
    const ready = await fetch(`${speedUrl}/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(reason)]);
    expect((await scene.client.body<{ total: number }>('/dead-letters')).total).toBe(0);
    expect(await topic.messagesOf(deadLetterTopicOf(topic.topic))).toEqual([]);
  }, 120_000);

  it('is left for another one, and an empty database', async () => {
    const other = await createTestTopic(PARTITIONS);
    await other.make({ 'compression.type': 'producer' });
    await other.appendForeign(3, house.asMessages(house.newEvents(25)));
    await house.beginAnew({ KAFKA_TOPIC: other.topic });
    await house.scene.client.publish();
    await house.scene.client.untilCaughtUp();
    expect(await house.lineItems()).toBeGreaterThan(0);
    expect((await house.scene.client.body<Ledger>('/ledger')).balanced).toBe(true);
    for (const layer of LAYERS) await house.scene.program(layer).stop();
    await other.drop(deadLetterTopicOf(other.topic));
  }, 120_000);
});

describe('A topic whose settings are changed while it is used', () => {
  const house = openScene();

  it('is refused while it is compacted, and goes on once that is set back', async () => {
    const { scene, topic } = house;
    const reason = /cleanup\.policy compact; allowed is delete/;
    await house.ingest(40);
    await scene.client.publish();
    await topic.change({ 'cleanup.policy': 'compact' });
    await house.expectRefused(reason);
    await house.expectNoAppend(reason);
    await topic.change({ 'cleanup.policy': 'delete' });
    await scene.untilReady();
    await house.ingest(10);
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }, 120_000);

  it('is used on when its records are stamped by whoever sends them, with any time', async () => {
    const { scene, topic } = house;
    await topic.change({ 'message.timestamp.type': 'CreateTime' });
    for (const timestamp of ['0', '946684800000', String(Date.now())]) {
      const events = house.newEvents(5);
      scene.sent.acknowledge(events);
      await topic.appendForeign(
        1,
        house.asMessages(events).map((message) => ({ ...message, timestamp })),
      );
    }
    for (let run = 0; run < 3; run++) {
      await house.ingest(10);
      await scene.client.publish();
    }
    expect(await scene.faults()).toEqual([]);
    expect((await scene.client.get('/ready')).status).toBe(200);
  }, 120_000);

  it('takes batches that fit when it takes smaller ones than before, and a record that does not fit is refused by itself', async () => {
    const { scene, topic } = house;
    await topic.change({ 'max.message.bytes': '700' });
    await house.ingest(200);
    const long = '漢'.repeat(64);
    const wide = {
      event_id: long,
      occurred_at: '2026-01-11T00:00:00Z',
      type: 'order_placed',
      order_id: long,
      customer_id: long,
      category: long,
      country: long,
      amount: 1,
    };
    const refused = await scene.client.post('/events', wide);
    expect([refused.status, refused.text]).toEqual([422, expect.stringMatching(/max\.message\.bytes/)]);
    await house.ingest(20);
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
    await topic.change({ 'max.message.bytes': String(16 * MEBIBYTE) });
  }, 120_000);
});

describe('A topic that others give more partitions', () => {
  const house = openScene();
  const reason = /found 6 partitions; allowed are 4: .*LOG_PARTITIONS/;

  it('is refused, as what lies in the new ones is not counted', async () => {
    const { topic } = house;
    await house.ingest(40);
    await house.scene.client.publish();
    await topic.admin.createPartitions({ topicPartitions: [{ topic: topic.topic, count: 6 }] });
    await house.expectRefused(reason);
    await house.expectNoAppend(reason);
  }, 120_000);

  it('is read from its beginning, with all its partitions, by an empty database', async () => {
    const { scene, topic } = house;
    const before = house.newEvents(30);
    await topic.appendForeign(5, house.asMessages(before));
    await house.beginAnew({}, 6);
    await house.ingest(10);
    await scene.client.publish();
    await scene.client.untilCaughtUp();
    expect((await scene.client.body<Ledger>('/ledger')).balanced).toBe(true);
    const placed = [...scene.sent.texts.values()].filter((text) => JSON.parse(text).type === 'order_placed').length;
    expect(await house.lineItems()).toBe(placed);
  }, 120_000);
});

describe('A topic whose oldest records are gone', () => {
  const house = openScene();

  it('is read from what is left by an empty database', async () => {
    const { scene, topic } = house;
    await house.ingest(60);
    await scene.client.publish();
    const log = await scene.readLog();
    for (const { partition, high } of await topic.admin.fetchTopicOffsets(topic.topic)) {
      if (partition !== 0) await topic.keepFrom(partition, Math.floor(Number(high) / 2));
    }
    const starts = new Map(
      (await topic.admin.fetchTopicOffsets(topic.topic)).map(({ partition, low }) => [partition, Number(low)]),
    );
    await house.beginAnew();
    const left = log.filter(
      ({ partition, offset, value, barrier }) =>
        barrier === null && offset >= (starts.get(partition) ?? 0) && JSON.parse(String(value)).type === 'order_placed',
    ).length;
    expect(await house.lineItems()).toBe(left);
    await scene.client.publish();
    await scene.client.untilCaughtUp();
    expect(await house.lineItems()).toBe(left);
    const { balanced, batch } = await scene.client.body<Ledger>('/ledger');
    expect([balanced, batch.partitions.map(({ partition, from }) => [partition, from])]).toEqual([
      true,
      [...starts].sort(([a], [b]) => a - b),
    ]);
    expect((await scene.client.post('/batch/rollback')).status).toBe(200);
    expect(await house.lineItems()).toBe(left);
  }, 120_000);
});

describe('A topic that is deleted', () => {
  const house = openScene();

  it('is refused', async () => {
    const reason = /found no such topic: it was deleted or made anew/;
    await house.ingest(40);
    await house.scene.client.publish();
    await house.topic.admin.deleteTopics({ topics: [house.topic.topic] });
    await house.expectRefused(reason);
    await house.expectNoAppend(reason);
  }, 120_000);
});
