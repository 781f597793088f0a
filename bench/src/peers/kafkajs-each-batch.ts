import { fileURLToPath, pathToFileURL } from 'node:url';
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs';
import { type Reading, readBy } from '../harness/peer-process.js';

const BYTES_PER_FETCH = 8 * 1024 * 1024;
const FETCHES_AT_A_TIME = 4;

/**
 * Reading as bare as can be: kafkajs' eachBatch and JSON.parse of each value, in a process of its own. Nothing is checked,
 * deduplicated or counted but the records. Throws when the process fails.
 */
export function readByKafkajs(brokers: string, topic: string): Promise<Reading> {
  return readBy(process.execPath, ['--max-semi-space-size=64', fileURLToPath(import.meta.url), brokers, topic]);
}

/** Reads a topic once, to where it ends now. */
async function readOnce(brokers: string, topic: string): Promise<Reading> {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
  const missing = await endsOf(kafka, topic);
  const consumer = kafka.consumer({
    groupId: `bench-${topic}-${process.pid}-${Date.now()}`,
    maxBytesPerPartition: BYTES_PER_FETCH,
    maxBytes: BYTES_PER_FETCH * FETCHES_AT_A_TIME,
  });
  let records = 0;
  let startMs = 0;
  const { promise: finished, resolve } = defer();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      startMs ||= performance.now();
      records += parseAll(batch);
      resolveOffset(batch.lastOffset());
      if (Number(batch.lastOffset()) + 1 >= (missing.get(batch.partition) ?? 0)) missing.delete(batch.partition);
      if (missing.size === 0) resolve();
    },
  });
  await finished;
  const seconds = (performance.now() - startMs) / 1000;
  await consumer.disconnect();
  const { user, system } = process.cpuUsage();
  return { records, seconds, cpuSeconds: (user + system) / 1e6 };
}

/** Where each partition that holds anything ends (exclusive). */
async function endsOf(kafka: Kafka, topic: string): Promise<Map<number, number>> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return new Map(ends.map(({ partition, high }) => [partition, Number(high)] as const).filter(([, end]) => end > 0));
}

function parseAll({ messages }: EachBatchPayload['batch']): number {
  for (const { value } of messages) if (value !== null) JSON.parse(value.toString('utf8'));
  return messages.length;
}

function defer(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [brokers = '', topic = ''] = process.argv.slice(2);
  console.log(JSON.stringify(await readOnce(brokers, topic)));
}
