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

  it('lets a run wait for a transaction that is open at its boundary', async () => {
    const transaction = await transactions.transaction();
    const messages = newEvents(5).map((event) => ({ ...messageOf(event), partition: 2 }));
    await transaction.send({ topic: topic.topic, messages });
    const { id } = (await scene.client.post('/batch/runs')).body as { id: number };
    const state = async () => (await scene.client.body<{ state: string }>(`/batch/runs/${id}`)).state;
    await waitFor('the run to archive', async () => (await state()) === 'archiving');
    expect((await scene.client.get('/metrics/revenue')).status).toBe(200);
    await transaction.commit();
    expect(await scene.client.runOver(id)).toMatchObject({ state: 'published' });
    expect(await scene.faults()).toEqual([]);
  }, 60_000);
});
