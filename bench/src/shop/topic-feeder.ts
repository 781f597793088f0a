import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { PARTITIONS } from '../harness/workplace.js';

const RECORDS_PER_SEND = 4_000;

/** Appends a file of records (see ShopRecords) to a topic that is there, portion by portion. */
export class TopicFeeder {
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #lines: AsyncIterator<string>;
  /** Appended so far, by partition. */
  readonly appended: number[] = new Array<number>(PARTITIONS).fill(0);
  /** Of the values. */
  bytes = 0;

  private constructor(producer: Producer, topic: string, file: string) {
    this.#producer = producer;
    this.#topic = topic;
    this.#lines = createInterface({ input: createReadStream(file, { highWaterMark: 1 << 18 }) })[
      Symbol.asyncIterator
    ]();
  }

  static async open(brokers: string, topic: string, file: string): Promise<TopicFeeder> {
    const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR }).producer();
    await producer.connect();
    return new TopicFeeder(producer, topic, file);
  }

  /** Appends the next so many records, or all that are left; resolves when the broker has them. Returns how many. */
  async feed(records: number): Promise<number> {
    let fed = 0;
    while (fed < records) {
      const lines = await this.#take(Math.min(RECORDS_PER_SEND, records - fed));
      if (lines.length === 0) break;
      await this.#send(lines);
      fed += lines.length;
    }
    return fed;
  }

  close(): Promise<void> {
    return this.#producer.disconnect();
  }

  async #take(most: number): Promise<readonly string[]> {
    const lines: string[] = [];
    while (lines.length < most) {
      const { value, done } = await this.#lines.next();
      if (done === true) break;
      lines.push(value);
    }
    return lines;
  }

  async #send(lines: readonly string[]): Promise<void> {
    const messages = lines.map((line) => {
      const [partition = '', key = '', value = ''] = line.split('\t');
      return { partition: Number(partition), key, value };
    });
    await this.#producer.send({ topic: this.#topic, messages, acks: -1 });
    for (const { partition, value } of messages) {
      this.bytes += Buffer.byteLength(value);
      this.appended[partition] = (this.appended[partition] ?? 0) + 1;
    }
  }
}
