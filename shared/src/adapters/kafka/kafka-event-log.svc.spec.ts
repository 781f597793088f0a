import { randomUUID } from 'node:crypto';
import { testKafkaBrokers } from '../../testing/config.js';
import { describeEventLog } from '../../testing/event-log.contract.js';
import { connectTo } from './kafka-client.js';
import { type KafkaEventLog, openKafkaEventLog } from './kafka-event-log.js';

const PARTITIONS = 4;

describeEventLog('the log in a Kafka topic', async () => {
  const topic = `contract.${randomUUID()}`;
  const kafka = connectTo({ brokers: testKafkaBrokers() }, 'test');
  const opened: KafkaEventLog[] = [];
  const foreign = kafka.producer();
  await foreign.connect();
  return {
    open: async () => {
      const log = await openKafkaEventLog({ brokers: testKafkaBrokers(), topic, partitions: PARTITIONS });
      opened.push(log);
      return log;
    },
    appendForeign: async (partition, values) => {
      const messages = values.map((value) => ({ partition, value: value && Buffer.from(value) }));
      // The client is slow with more at a time.
      for (let at = 0; at < messages.length; at += 5_000) {
        await foreign.send({ topic, messages: messages.slice(at, at + 5_000) });
      }
    },
    close: async () => {
      await Promise.all(opened.map((log) => log.close()));
      const admin = kafka.admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [topic] });
      await Promise.all([admin.disconnect(), foreign.disconnect()]);
    },
  };
});
