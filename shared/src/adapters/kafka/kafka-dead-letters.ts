import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Message, Producer } from 'kafkajs';
import { TandemError } from '../../errors.js';
import type { DeadLetter, DeadLetters, ListedLetter } from '../../ports/dead-letters.js';
import { connectTo, type KafkaConnection, withinDeadline } from './kafka-client.js';
import { ensureTopic, maxBatchBytesOf } from './topic.js';

export type KafkaDeadLettersOptions = KafkaConnection & {
  /** The topic that is the log: the dead letters go into `<topic>.dead-letters`. */
  readonly topic: string;
  /** How long the broker keeps them, in milliseconds; -1 for ever, the default. Only for a topic that is made here. */
  readonly retentionMs?: number;
  /** Copies of each; -1, the default, for the cluster's own. Only for a topic that is made here. */
  readonly replicas?: number;
  /** Where they are listed from, and which counts when a position is put twice. */
  readonly listed: DeadLetters;
  /** After so long `put` throws `unavailable`. */
  readonly deadlineMs?: number;
};

const DEADLINE_MS = 10_000;
/** One partition: there are few, and their order is the order in which they were found. */
const PARTITIONS = 1;
/** What one request holds: never more than this, nor than the part of what the broker takes in one batch. */
const MAX_SENT_LETTERS = 1_000;
const MAX_SENT_BYTES = 4 * 1024 * 1024;
const LETTER_OVERHEAD_BYTES = 500;
/** What a letter may have beside the bytes of the record: a path and a reason quote an event, which is much smaller. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** Positions that are remembered as sent, so that trying again does not send them again. */
const MAX_REMEMBERED = 10_000;
const LONGEST_CLOSE_MS = 3_000;

/** Opens the topic, which is made if it is missing. Throws `unavailable`, `configuration-invalid`. */
export async function openKafkaDeadLetters(options: KafkaDeadLettersOptions): Promise<KafkaDeadLetters> {
  const { deadlineMs = DEADLINE_MS } = options;
  const topic = deadLetterTopicOf(options.topic);
  const admin = connectTo(options, 'dead letters', deadlineMs).admin();
  const making = (async () => {
    await admin.connect();
    await ensureDeadLetterTopic(admin, topic, options);
  })().finally(() => admin.disconnect().catch(() => {}));
  await withinDeadline(`opening ${topic}`, deadlineMs, making);
  const producer = connectTo(options, 'dead letters').producer({ allowAutoTopicCreation: false });
  const connecting = producer.connect();
  try {
    await withinDeadline(`connecting to ${topic}`, deadlineMs, connecting);
  } catch (error) {
    const leave = () => void producer.disconnect().catch(() => {});
    // A client that is still knocking would get in later, with nobody left to close it.
    connecting.then(leave, leave);
    throw error;
  }
  return new KafkaDeadLetters(producer, topic, options.listed, deadlineMs);
}

/** What the log takes must fit, or a partition would stop at a record that is no event and cannot be kept either. */
async function ensureDeadLetterTopic(admin: Admin, topic: string, options: KafkaDeadLettersOptions): Promise<void> {
  const { retentionMs = -1, replicas = -1 } = options;
  const needed = (await maxBatchBytesOf(admin, options.topic)) + MAX_HEADER_BYTES;
  const settings = { topic, partitions: PARTITIONS, retentionMs, replicas, maxBatchBytes: needed };
  const { maxBatchBytes } = await ensureTopic(admin, settings);
  if (maxBatchBytes >= needed) return;
  throw new TandemError(
    'configuration-invalid',
    `max.message.bytes of the topic ${topic}: found ${maxBatchBytes}; allowed is at least ${needed}, so that every record of ${options.topic} fits: raise it`,
  );
}

export function deadLetterTopicOf(topic: string): string {
  return `${topic}.dead-letters`;
}

/**
 * Dead letters as records of a topic: the bytes as they were, and in headers where they lay and why they are no event.
 * First they are sent, then listed: what is listed lies in the topic, which may hold a letter more than once.
 */
export class KafkaDeadLetters implements DeadLetters {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #listed: DeadLetters;
  readonly #deadlineMs: number;
  readonly #sent = new Set<string>();

  constructor(producer: Producer, topic: string, listed: DeadLetters, deadlineMs: number) {
    this.#producer = producer;
    this.#topic = topic;
    this.#listed = listed;
    this.#deadlineMs = deadlineMs;
  }

  /** Throws `unavailable` when Kafka or the list is: then nothing is known to be kept. */
  async put(letters: readonly DeadLetter[]): Promise<void> {
    for (const portion of portionsOf(letters.filter((letter) => !this.#sent.has(positionOf(letter))))) {
      const sending = this.#producer.send({ topic: this.#topic, acks: -1, messages: portion.map(messageOfLetter) });
      await withinDeadline('sending dead letters', this.#deadlineMs, sending);
      this.#remember(portion);
    }
    await this.#listed.put(letters);
  }

  list(limit: number): Promise<{ readonly total: number; readonly letters: readonly ListedLetter[] }> {
    return this.#listed.list(limit);
  }

  /** A broker that is away cannot be said goodbye to. */
  async close(): Promise<void> {
    await Promise.race([
      this.#producer.disconnect().catch(() => {}),
      sleep(LONGEST_CLOSE_MS, undefined, { ref: false }),
    ]);
  }

  #remember(letters: readonly DeadLetter[]): void {
    for (const letter of letters) this.#sent.add(positionOf(letter));
    for (const oldest of this.#sent) {
      if (this.#sent.size <= MAX_REMEMBERED) return;
      this.#sent.delete(oldest);
    }
  }
}

function positionOf({ partition, offset }: DeadLetter): string {
  return `${partition}:${offset}`;
}

function messageOfLetter({ partition, offset, value, path, reason }: DeadLetter): Message {
  return {
    key: `${partition}:${offset}`,
    value: value && Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    headers: { partition: String(partition), offset: String(offset), path, reason },
  };
}

function* portionsOf(letters: readonly DeadLetter[]): Generator<readonly DeadLetter[]> {
  let portion: DeadLetter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    const size = (letter.value?.length ?? 0) + LETTER_OVERHEAD_BYTES;
    if (portion.length >= MAX_SENT_LETTERS || (portion.length > 0 && bytes + size > MAX_SENT_BYTES)) {
      yield portion;
      [portion, bytes] = [[], 0];
    }
    portion.push(letter);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}
