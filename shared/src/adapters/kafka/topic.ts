import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { TandemError } from '../../errors.js';

export type TopicSettings = {
  readonly topic: string;
  readonly partitions: number;
  /** How long the broker keeps records, in milliseconds; -1 for ever. */
  readonly retentionMs: number;
  /** On how many brokers each record lies; -1 for the cluster's default. */
  readonly replicas: number;
  /** The most bytes that one batch of records may have. */
  readonly maxBatchBytes?: number;
};

/** What a topic's settings let it hold, and how they let it go. */
export type TopicLimits = { readonly maxBatchBytes: number; readonly cleanupPolicy: string };

/** What one append of a partition may hold, so that a client and a broker take it in one piece. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** A broker that has just been told of a topic may say for so long that it does not know it. */
const LONGEST_UNKNOWN_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Makes the topic if it is not there. Resolves with the most bytes that one batch of records may have.
 * Throws `configuration-invalid` for a topic with another number of partitions, or one that is compacted.
 */
export async function ensureTopic(admin: Admin, settings: TopicSettings): Promise<TopicLimits> {
  for (const deadline = performance.now() + LONGEST_UNKNOWN_MS; ; await sleep(PAUSE_MS)) {
    try {
      return await findOrMake(admin, settings);
    } catch (error) {
      if (!isUnknownTopic(error) || performance.now() > deadline) throw error;
    }
  }
}

export function isUnknownTopic(error: unknown): boolean {
  return error instanceof kafkajs.KafkaJSProtocolError && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
}

async function findOrMake(admin: Admin, settings: TopicSettings): Promise<TopicLimits> {
  const { topic, partitions } = settings;
  // Whoever may only read and write a topic may not ask to make it.
  if (!(await admin.listTopics()).includes(topic)) await createTopic(admin, settings);
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const found = topics[0]?.partitions.length ?? 0;
  if (found !== partitions) {
    throw new TandemError(
      'configuration-invalid',
      `LOG_PARTITIONS: found ${partitions}, but the topic ${topic} has ${found} partitions; set it to ${found}, or choose another KAFKA_TOPIC`,
    );
  }
  const limits = await readLimits(admin, topic);
  if (limits.cleanupPolicy.includes('compact')) {
    throw new TandemError(
      'configuration-invalid',
      `KAFKA_TOPIC: found ${topic} with cleanup.policy ${limits.cleanupPolicy}; allowed is delete: compaction takes events away`,
    );
  }
  return limits;
}

/** The most bytes that one batch of records of a topic may have; 0 when there is no such topic. */
export async function maxBatchBytesOf(admin: Admin, topic: string): Promise<number> {
  if (!(await admin.listTopics()).includes(topic)) return 0;
  return (await readLimits(admin, topic)).maxBatchBytes;
}

async function createTopic(admin: Admin, settings: TopicSettings): Promise<void> {
  const { topic, partitions, retentionMs, replicas, maxBatchBytes = MAX_BATCH_BYTES } = settings;
  const configEntries = Object.entries({
    'retention.ms': String(retentionMs),
    'message.timestamp.type': 'LogAppendTime',
    'cleanup.policy': 'delete',
    'max.message.bytes': String(maxBatchBytes),
    // Whatever a producer packs, the broker unpacks: then there is nothing that cannot be.
    'compression.type': 'uncompressed',
  }).map(([name, value]) => ({ name, value }));
  // False when it is there already: another starter may be a moment ahead.
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }],
  });
}

export async function readLimits(admin: Pick<Admin, 'describeConfigs'>, topic: string): Promise<TopicLimits> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy', 'max.message.bytes'] },
    ],
  });
  const found = new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
  return {
    maxBatchBytes: Number(found.get('max.message.bytes')),
    cleanupPolicy: found.get('cleanup.policy') ?? 'delete',
  };
}
