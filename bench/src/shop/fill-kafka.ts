import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { openDuckDb } from '../harness/duckdb.js';
import type { Totals } from '../harness/totals.js';
import { PARTITIONS, type Workplace } from '../harness/workplace.js';
import { createShopSql, EVENT_JSON_SQL, OCCURRED_TEXT_SQL, type ShopSize } from './shop-events.sql.js';
import { shopTotals } from './shop-totals.js';

export type FilledTopic = {
  /** What an implementation of the speed layer's work must come to. */
  readonly totals: Totals;
  /** Exclusive, by partition. */
  readonly ends: readonly number[];
  /** Of the values, on average. */
  readonly valueBytes: number;
};

const SELECT_RECORDS_SQL = `
  SELECT partition, coalesce(ticket_id, customer_id, order_id) AS key, ${EVENT_JSON_SQL} AS value
  FROM (SELECT *, ${OCCURRED_TEXT_SQL} AS occurred_text FROM shop) ORDER BY position`;
const RECORDS_PER_SEND = 4_000;

/** Makes a topic and appends a shop's events in the order in which they came. Throws when the topic is there already. */
export async function fillKafka(
  place: Workplace,
  brokers: string,
  topic: string,
  size: ShopSize,
): Promise<FilledTopic> {
  const file = join(place.folder, `${topic}.tsv`);
  const totals = await writeRecords(file, size);
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
  await createTopic(kafka, topic);
  const { bytes, ends } = await sendAll(kafka, topic, file);
  await rm(file);
  return { totals, ends, valueBytes: Math.round(bytes / size.events) };
}

async function writeRecords(file: string, size: ShopSize): Promise<Totals> {
  const duckdb = await openDuckDb();
  try {
    await duckdb.connection.run(createShopSql(size, PARTITIONS));
    await duckdb.connection.run(
      `COPY (${SELECT_RECORDS_SQL}) TO '${file}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t')`,
    );
    return await shopTotals(duckdb.connection);
  } finally {
    duckdb.close();
  }
}

async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
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

type Sent = { bytes: number; readonly ends: number[] };

async function sendAll(kafka: Kafka, topic: string, file: string): Promise<Readonly<Sent>> {
  const producer = kafka.producer();
  await producer.connect();
  const sent: Sent = { bytes: 0, ends: new Array<number>(PARTITIONS).fill(0) };
  let lines: string[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(file, { highWaterMark: 1 << 18 }) })) {
      if (lines.push(line) < RECORDS_PER_SEND) continue;
      await send(producer, topic, lines, sent);
      lines = [];
    }
    await send(producer, topic, lines, sent);
    return sent;
  } finally {
    await producer.disconnect();
  }
}

async function send(producer: Producer, topic: string, lines: readonly string[], sent: Sent): Promise<void> {
  if (lines.length === 0) return;
  const messages = lines.map((line) => {
    const [partition = '', key = '', value = ''] = line.split('\t');
    return { partition: Number(partition), key, value };
  });
  await producer.send({ topic, messages, acks: -1 });
  for (const { partition, value } of messages) {
    sent.bytes += Buffer.byteLength(value);
    sent.ends[partition] = (sent.ends[partition] ?? 0) + 1;
  }
}
