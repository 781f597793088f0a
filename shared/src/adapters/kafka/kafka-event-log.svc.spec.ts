import { describeEventLog } from '../../testing/event-log.contract.js';
import { createTestTopic } from './testing/test-topic.js';

const PARTITIONS = 4;

describeEventLog('the log in a Kafka topic', async () => {
  const { open, appendForeign, drop } = await createTestTopic(PARTITIONS);
  return {
    open: () => open(),
    appendForeign: (partition, values) =>
      appendForeign(
        partition,
        values.map((value) => ({ value: value && Buffer.from(value) })),
      ),
    close: () => drop(),
  };
});
