import { rm } from 'node:fs/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { Totals } from '../harness/totals.js';
import { PARTITIONS, type Workplace } from '../harness/workplace.js';
import type { ShopSize } from './shop-events.sql.js';
import { writeShopRecords } from './shop-records.js';
import { TopicFeeder } from './topic-feeder.js';

export type FilledTopic = {
  /** What an implementation of the speed layer's work must come to. */
  readonly totals: Totals;
  /** Exclusive, by partition. */
  readonly ends: readonly number[];
  /** Of the values, on average. */
  readonly valueBytes: number;
};

/** Makes a topic and appends a shop's events in the order in which they came. Throws when the topic is there already. */
export async function fillKafka(
  place: Workplace,
  brokers: string,
  topic: string,
  size: ShopSize,
): Promise<FilledTopic> {
  const { file, totals } = await writeShopRecords(place, topic, size);
  await createTopic(brokers, topic);
  const feeder = await TopicFeeder.open(brokers, topic, file);
  try {
    await feeder.feed(size.events);
  } finally {
    await feeder.close();
  }
  await rm(file);
  return { totals, ends: feeder.appended, valueBytes: Math.round(feeder.bytes / size.events) };
}

async function createTopic(brokers: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const configEntries = [
    { name: 'retention.ms', value: '-1' },
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
  ];
  try {
    const topics = [{ topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries }];
    if (!(await admin.createTopics({ topics, waitForLeaders: true })))
      throw new Error(`topic ${topic} is there already`);
  } finally {
    await admin.disconnect();
  }
}
