import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeEvent, type EventInput } from '@tandem/shared';
import { deadLetterTopicOf } from '@tandem/shared/adapters/kafka/kafka-dead-letters';
import { createTestTopic, type TestTopic } from '@tandem/shared/adapters/kafka/testing/test-topic';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import type { Producer } from 'kafkajs';
import { poison } from '../testing/poison.js';
import { ProcessesScene } from '../testing/processes-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_301;
const PARTITIONS = 4;
const POISON = poison(1024 * 1024);

type Tallied = { readonly partitions: readonly { readonly invalid: number; readonly barriers: number }[] };
type Ledger = { readonly batch: Tallied; readonly speed: Tallied };

describe('A topic that programs of any kind write to', () => {
  let scene: ProcessesScene;
  let topic: TestTopic;
  let transactions: Producer;

  beforeAll(async () => {
    scene = await ProcessesScene.open({
      brokers: testKafkaBrokers().join(','),
      redisUrl: testRedisUrl(),
      seed: SEED,
    });
    topic = await createTestTopic(PARTITIONS, scene.topic);
    transactions = topic.kafka.producer({ transactionalId: topic.topic, maxInFlightRequests: 1, idempotent: true });
    await transactions.connect();
    await scene.startAll();
  }, 120_000);
  afterAll(async () => {
    await scene?.close();
    await transactions?.disconnect();
    await topic?.drop(deadLetterTopicOf(topic.topic));
  }, 60_000);

  /** Events that count, or those of a producer that will change its mind. */
  function newEvents(count: number, areSent = true): readonly EventInput[] {
    const events = Array.from({ length: count }, () => sampleEvent(scene.random, 'foreign', scene.sent.count));
    if (!areSent) return events.map((event) => ({ ...event, event_id: `never-${event.event_id}` }));
    for (const event of events) scene.sent.add(event);
    scene.sent.acknowledge(events);
    return events;
  }
  const messageOf = (event: EventInput) => ({ key: null, value: JSON.stringify(event) });
  const endOf = async (partition: number) => {
    const bounds = await topic.admin.fetchTopicOffsets(topic.topic);
    return Number(bounds.find((found) => found.partition === partition)?.high);
  };
  const ledger = () => scene.client.body<Ledger>('/ledger');
  const total = ({ partitions }: Tallied, name: 'invalid' | 'barriers') =>
    partitions.reduce((sum, tally) => sum + tally[name], 0);

  it('counts events with any key or none, in whatever partition they lie', async () => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const [first, ...others] = newEvents(20).map(messageOf);
      await topic.appendForeign(partition, [{ ...first, key: 'any', value: first?.value ?? null }, ...others]);
    }
    expect(await scene.faults()).toEqual([]);
  }, 60_000);

  it('counts events that are packed by any codec', async () => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      await topic.change({ 'compression.type': codec });
      await topic.appendForeign(1, newEvents(20).map(messageOf));
    }
    expect(await scene.faults()).toEqual([]);
  }, 60_000);

  it('keeps what is no event with its bytes, position and reason, lists it, and goes on', async () => {
    for (const [index, value] of POISON.entries()) {
      await topic.appendForeign(index % PARTITIONS, [{ key: index % 2 ? 'any' : null, value }]);
      await topic.appendForeign(index % PARTITIONS, newEvents(1).map(messageOf));
    }
    expect(await scene.faults()).toEqual([]);
    const refused = (await scene.readLog()).filter(
      ({ value, barrier }) => barrier === null && 'refusal' in decodeEvent(value),
    );
    expect(refused).toHaveLength(POISON.length);
    const kept = new Map((await topic.messagesOf(deadLetterTopicOf(topic.topic))).map((m) => [String(m.key), m]));
    expect(kept.size).toBe(POISON.length);
    for (const { partition, offset, value } of refused) {
      const letter = kept.get(`${partition}:${offset}`);
      expect(String(letter?.headers?.['reason'])).toMatch(/found|not JSON|Invalid|Unrecognized|allowed/);
      expect([letter?.headers?.['partition'], letter?.headers?.['offset']].map(String)).toEqual(
        [partition, offset].map(String),
      );
      expect(value === null ? letter?.value === null : letter?.value?.equals(value)).toBe(true);
    }
    expect((await scene.client.body<{ total: number }>('/dead-letters')).total).toBe(POISON.length);
    expect(total((await ledger()).speed, 'invalid')).toBe(POISON.length);
  }, 60_000);

  it('gives the batch layer the same to refuse, which is listed once', async () => {
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
    expect(total((await ledger()).batch, 'invalid')).toBe(POISON.length);
    expect((await scene.client.body<{ total: number }>('/dead-letters')).total).toBe(POISON.length);
  }, 60_000);

  it('counts events of transactions that were committed, and none of those that were given up', async () => {
    const before = total((await ledger()).speed, 'barriers');
    const endBefore = await endOf(2);
    for (const end of ['abort', 'commit', 'abort'] as const) {
      const transaction = await transactions.transaction();
      const messages = newEvents(2, end === 'commit').map((event) => ({ ...messageOf(event), partition: 2 }));
      await transaction.send({ topic: topic.topic, messages });
      await transaction[end]();
    }
    await topic.appendForeign(2, newEvents(1).map(messageOf));
    // A transaction's mark may come a moment after the broker has answered, and nothing above it is read before.
    await waitFor('the marks of the transactions', async () => (await endOf(2)) === endBefore + 3 * (2 + 1) + 1);
    expect(await scene.faults()).toEqual([]);
    // Each transaction ends in a mark; what was given up is as if it were marks.
    expect(total((await ledger()).speed, 'barriers') - before).toBe(3 + 2 * 2);
  }, 60_000);

  describe('while another program holds a transaction open', () => {
    type Waiting = { readonly waiting: { readonly for: string; readonly since: string } | null };
    const runOf = async (id: number) => scene.client.body<Waiting & { state: string }>(`/batch/runs/${id}`);
    const requestRun = async () => ((await scene.client.post('/batch/runs')).body as { id: number }).id;

    it('counts what lies behind it as not yet in answers, which are right without it', async () => {
      await scene.client.untilCaughtUp();
      const before = (await scene.client.answer('/metrics/revenue')).merged['line_items'];
      const transaction = await transactions.transaction();
      const messages = newEvents(5).map((event) => ({ ...messageOf(event), partition: 2 }));
      await transaction.send({ topic: topic.topic, messages });
      await topic.appendForeign(2, newEvents(7).map(messageOf));
      for (let question = 0; question < 20; question++) {
        const { freshness, merged, status } = await scene.client.answer('/metrics/revenue');
        expect([freshness.speed_lag_events, merged['line_items'], status]).toEqual([12, before, 'complete']);
      }
      await transaction.commit();
      expect(await scene.faults()).toEqual([]);
    }, 60_000);

    it('a run waits for it, and says for what and since when', async () => {
      const transaction = await transactions.transaction();
      const messages = newEvents(5).map((event) => ({ ...messageOf(event), partition: 2 }));
      await transaction.send({ topic: topic.topic, messages });
      const readable = (await endOf(2)) as number;
      const id = await requestRun();
      await waitFor('the run to say for what it waits', async () => (await runOf(id)).waiting !== null);
      const { state, waiting } = await runOf(id);
      expect([state, waiting?.for]).toEqual([
        'archiving',
        expect.stringMatching(
          new RegExp(`^partition 2 can be read to offset ${readable} and not yet to .* transaction`),
        ),
      ]);
      expect(Math.abs(Date.now() - Date.parse(waiting?.since ?? ''))).toBeLessThan(10_000);
      expect((await scene.client.get('/metrics/revenue')).status).toBe(200);
      await transaction.commit();
      expect(await scene.client.runOver(id)).toMatchObject({ state: 'published', waiting: null });
      expect(await scene.faults()).toEqual([]);
    }, 60_000);

    it('a run gives up after BATCH_LOG_WAIT_MS, and the next one goes on when it has ended', async () => {
      await scene.program('batch-layer').stop();
      await scene.start('batch-layer', 'batch-layer', { settings: { BATCH_LOG_WAIT_MS: '1500' } });
      const transaction = await transactions.transaction();
      const messages = newEvents(5).map((event) => ({ ...messageOf(event), partition: 2 }));
      await transaction.send({ topic: topic.topic, messages });
      const failed = await scene.client.runOver(await requestRun());
      expect(failed).toMatchObject({ state: 'failed', waiting: null, error: { code: 'unavailable' } });
      expect(failed.error?.message).toMatch(
        /gave up waiting after 1500 ms \(BATCH_LOG_WAIT_MS\): partition 2 can be read/,
      );
      await transaction.commit();
      await scene.client.publish();
      expect(await scene.faults()).toEqual([]);
    }, 60_000);
  });
});
