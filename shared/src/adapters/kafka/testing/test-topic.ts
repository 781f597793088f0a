import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, Message, Producer } from 'kafkajs';
import { testKafkaBrokers } from '../../../testing/config.js';
import { connectTo } from '../kafka-client.js';
import { type KafkaEventLog, type KafkaEventLogOptions, openKafkaEventLog } from '../kafka-event-log.js';

/** The client is slow with more at a time. */
const MAX_SENT_RECORDS = 5_000;

/** A topic of a test's own, and another program that reaches it past the log. */
export type TestTopic = {
  readonly topic: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  open(options?: Partial<KafkaEventLogOptions>): Promise<KafkaEventLog>;
  appendForeign(partition: number, messages: readonly Omit<Message, 'partition'>[]): Promise<void>;
  /** As retention does: takes away what lies below an offset. */
  keepFrom(partition: number, offset: number): Promise<void>;
  /** Closes every log that was opened, and deletes the topic and `alsoTopics`. */
  drop(...alsoTopics: readonly string[]): Promise<void>;
};

export async function createTestTopic(partitions: number): Promise<TestTopic> {
  const topic = `test.${randomUUID()}`;
  const kafka = connectTo({ brokers: testKafkaBrokers() }, 'test');
  const opened: KafkaEventLog[] = [];
  const [foreign, admin] = [kafka.producer(), kafka.admin()];
  await Promise.all([foreign.connect(), admin.connect()]);
  return {
    topic,
    kafka,
    admin,
    open: async (options) => {
      const log = await openKafkaEventLog({ brokers: testKafkaBrokers(), topic, partitions, ...options });
      opened.push(log);
      return log;
    },
    appendForeign: (partition, messages) => appendForeign(foreign, topic, partition, messages),
    keepFrom: async (partition, offset) => {
      // Only then does the client know where the topic lies.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    drop: async (...alsoTopics) => {
      await Promise.all(opened.map((log) => log.close()));
      const existing = await admin.listTopics();
      await admin.deleteTopics({ topics: [topic, ...alsoTopics].filter((name) => existing.includes(name)) });
      await Promise.all([admin.disconnect(), foreign.disconnect()]);
    },
  };
}

async function appendForeign(
  foreign: Producer,
  topic: string,
  partition: number,
  messages: readonly Omit<Message, 'partition'>[],
): Promise<void> {
  for (let at = 0; at < messages.length; at += MAX_SENT_RECORDS) {
    const sent = messages.slice(at, at + MAX_SENT_RECORDS).map((message) => ({ ...message, partition }));
    await foreign.send({ topic, messages: sent });
  }
}
