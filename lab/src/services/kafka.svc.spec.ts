import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Admin, Kafka as KafkaClient, logLevel } from 'kafkajs';
import { hasEnded } from '../processes/orphan.js';
import { type Kafka, startKafka } from './kafka.js';
import { leaveBehind } from './testing/left-behind.js';

// A JVM starts here several times; on a busy machine that takes a while.
jest.setTimeout(120_000);

const TOPIC = 'kept';
const RECORDS = 1_000;

let folder: string;
let kafka: Kafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-kafka-'));
  kafka = await startKafka({ folder, settings: { 'log.retention.check.interval.ms': '700' } });
  await withAdmin(kafka, (admin) => admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 2 }] }));
  await append(kafka);
});

afterEach(async () => {
  // The next test finds it running, whatever the last one did.
  if (hasEnded(kafka.pid)) await kafka.restart();
});

afterAll(async () => {
  await kafka?.stop();
  await rm(folder, { recursive: true, force: true });
});

function clientOf({ brokers }: Kafka, retries = 5): KafkaClient {
  return new KafkaClient({
    brokers: [brokers],
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries },
    logLevel: logLevel.NOTHING,
  });
}

async function withAdmin<Result>(of: Kafka, ask: (admin: Admin) => Promise<Result>, retries?: number): Promise<Result> {
  const admin = clientOf(of, retries).admin();
  try {
    await admin.connect();
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

async function append(to: Kafka): Promise<void> {
  const producer = clientOf(to).producer();
  await producer.connect();
  const messages = Array.from({ length: RECORDS }, (_, index) => ({ value: `${index}`, partition: index % 2 }));
  await producer.send({ topic: TOPIC, messages, acks: -1 });
  await producer.disconnect();
}

function endsOf(of: Kafka): Promise<readonly string[]> {
  return withAdmin(of, async (admin) => (await admin.fetchTopicOffsets(TOPIC)).map(({ high }) => high));
}

const ALL_KEPT = [`${RECORDS / 2}`, `${RECORDS / 2}`];

describe('a Kafka of our own', () => {
  it('answers a request for metadata, with itself as the only broker and the controller', async () => {
    const cluster = await withAdmin(kafka, (admin) => admin.describeCluster());
    expect(cluster.brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([kafka.brokers]);
    expect(cluster.controller).toBe(cluster.brokers[0]?.nodeId);
  });

  it('has the settings that it was given, beside ours', async () => {
    const { resources } = await withAdmin(kafka, (admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 4, name: '1' }] }),
    );
    const found = new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
    expect(found.get('log.retention.check.interval.ms')).toBe('700');
    expect(found.get('auto.create.topics.enable')).toBe('false');
    expect(found.get('group.min.session.timeout.ms')).toBe('1000');
  });

  it('keeps what it has acknowledged over kill -9 and a restart, at the same address', async () => {
    const { brokers, pid } = kafka;
    await kafka.kill();
    expect(hasEnded(pid)).toBe(true);
    await expect(withAdmin(kafka, (admin) => admin.describeCluster(), 0)).rejects.toThrow();
    await kafka.restart();
    expect(kafka.brokers).toBe(brokers);
    expect(kafka.pid).not.toBe(pid);
    expect(await endsOf(kafka)).toEqual(ALL_KEPT);
  });

  it('is silent while it is frozen, and answers again after', async () => {
    kafka.signal('SIGSTOP');
    await expect(withAdmin(kafka, (admin) => admin.describeCluster(), 0)).rejects.toThrow();
    kafka.signal('SIGCONT');
    expect(await endsOf(kafka)).toEqual(ALL_KEPT);
  });

  it('ends well also while it is frozen, and says how it ended', async () => {
    const { pid, ended } = kafka;
    kafka.signal('SIGSTOP');
    await sleep(100);
    await kafka.stop();
    expect(hasEnded(pid)).toBe(true);
    expect(await ended).toBe('exit code 143');
  });

  it('ends the broker that a killed parent has left in its folder, and goes on with its data and address', async () => {
    const { brokers } = kafka;
    await kafka.stop();
    const left = await leaveBehind('kafka', folder);
    expect(hasEnded(left)).toBe(false);
    kafka = await startKafka({ folder });
    expect(hasEnded(left)).toBe(true);
    expect(kafka.brokers).toBe(brokers);
    expect(await endsOf(kafka)).toEqual(ALL_KEPT);
  });

  it('says what its log says when it does not start', async () => {
    const other = await mkdtemp(join(tmpdir(), 'tandem-kafka-'));
    const start = startKafka({ folder: other, settings: { 'num.io.threads': '0' } });
    await expect(start).rejects.toThrow(/num\.io\.threads/);
    await rm(other, { recursive: true, force: true });
  });
});
