import { randomUUID } from 'node:crypto';
import kafkajs, {
  type Admin,
  type CompressionTypes,
  type Kafka,
  type KafkaMessage,
  type Message,
  type Producer,
} from 'kafkajs';
import { testKafkaBrokers } from '../../../testing/config.js';
import { connectTo } from '../kafka-client.js';
import { type KafkaEventLog, type KafkaEventLogOptions, openKafkaEventLog } from '../kafka-event-log.js';
import { packUnreadably } from './unreadable-codec.js';

/** The client is slow with more at a time. */
const MAX_SENT_RECORDS = 5_000;
/** Where a setting comes from that was made for the topic. */
const SET_FOR_TOPIC = 1;

/** A topic of a test's own, and another program that reaches it past the log. */
export type TestTopic = {
  readonly topic: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** Makes the topic with settings by Kafka's names; those of the broker are the others'. */
  make(settings: Settings): Promise<void>;
  /** Changes these settings of the topic. */
  change(settings: Settings): Promise<void>;
  open(options?: Partial<KafkaEventLogOptions>): Promise<KafkaEventLog>;
  appendForeign(partition: number, messages: readonly ForeignMessage[]): Promise<void>;
  /** Appends one batch that no reader of ours can unpack, where the topic keeps it as it comes. */
  appendUnreadable(partition: number, messages: readonly ForeignMessage[]): Promise<void>;
  /** All that lies in another topic of one partition. */
  messagesOf(otherTopic: string): Promise<readonly KafkaMessage[]>;
  /** As retention does: takes away what lies below an offset. */
  keepFrom(partition: number, offset: number): Promise<void>;
  /** Closes every log that was opened, and deletes the topic and `alsoTopics`. */
  drop(...alsoTopics: readonly string[]): Promise<void>;
};

type ForeignMessage = Omit<Message, 'partition'>;
type Settings = Readonly<Record<string, string>>;

/** The topic may be one that a scene has already, or will make. */
export async function createTestTopic(partitions: number, topic = `test.${randomUUID()}`): Promise<TestTopic> {
  const kafka = connectTo({ brokers: testKafkaBrokers() }, 'test');
  const opened: KafkaEventLog[] = [];
  const [foreign, admin] = [kafka.producer(), kafka.admin()];
  await Promise.all([foreign.connect(), admin.connect()]);
  return {
    topic,
    kafka,
    admin,
    make: async (settings) => {
      const configEntries = entriesOf(settings);
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] });
    },
    change: async (settings) => {
      const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic };
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
      const own = resources[0]?.configEntries.filter(({ configSource }) => configSource === SET_FOR_TOPIC) ?? [];
      const kept = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
      // What is not named here would become the broker's own.
      const configEntries = entriesOf({ ...kept, ...settings });
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
    },
    open: async (options) => {
      const log = await openKafkaEventLog({ brokers: testKafkaBrokers(), topic, partitions, ...options });
      opened.push(log);
      return log;
    },
    appendForeign: (partition, messages) => appendForeign(foreign, topic, partition, messages),
    appendUnreadable: (partition, messages) => {
      packUnreadably();
      return appendForeign(foreign, topic, partition, messages, kafkajs.CompressionTypes.LZ4);
    },
    messagesOf: (otherTopic) => messagesOf(kafka, admin, otherTopic),
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

function entriesOf(settings: Settings) {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

async function appendForeign(
  foreign: Producer,
  topic: string,
  partition: number,
  messages: readonly ForeignMessage[],
  compression: CompressionTypes = kafkajs.CompressionTypes.None,
): Promise<void> {
  for (let at = 0; at < messages.length; at += MAX_SENT_RECORDS) {
    const sent = messages.slice(at, at + MAX_SENT_RECORDS).map((message) => ({ ...message, partition }));
    await foreign.send({ topic, messages: sent, compression });
  }
}

async function messagesOf(kafka: Kafka, admin: Admin, topic: string): Promise<readonly KafkaMessage[]> {
  const [bounds] = await admin.fetchTopicOffsets(topic);
  const count = Number(bounds?.high);
  if (count === 0) return [];
  const consumer = kafka.consumer({ groupId: randomUUID() });
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: KafkaMessage[] = [];
  await new Promise<void>((resolve) => {
    const eachMessage = async ({ message }: { message: KafkaMessage }) => {
      if (found.push(message) === count) resolve();
    };
    void consumer.run({ eachMessage });
  });
  await consumer.disconnect();
  return found;
}
