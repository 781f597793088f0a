import kafkajs, { type Message, type Producer } from 'kafkajs';
import { TandemError } from '../../errors.js';
import type { Offsets } from '../../offsets.js';
import type { AppendCall } from '../append-queue.js';
import { kafkaError } from './kafka-client.js';
import { bytesOfRow, messageOfRow } from './records.js';

export type Sending = {
  readonly producer: Producer;
  readonly topic: string;
  readonly partitions: number;
  /** What a record and what a batch of one partition may come to. */
  readonly maxBytes: number;
};

/** What is sent at a time per partition: never more than this. */
const MAX_SENT_BYTES = 4 * 1024 * 1024;
/** The client takes a time that grows with the square of the records in one batch: beyond this it shows. */
const MAX_SENT_RECORDS = 5_000;

/** Appends what these calls hold, in order. Each call's first offset per partition, as the broker's answers tell. */
export async function sendCalls(sending: Sending, calls: readonly AppendCall[]): Promise<readonly Offsets[]> {
  const firsts = calls.map(() => Array.from({ length: sending.partitions }, () => 0));
  try {
    for (const portion of portionsOf(calls, Math.min(MAX_SENT_BYTES, sending.maxBytes))) {
      const bases = await send(sending, portion.messages);
      for (const { call, partition, index } of portion.firsts) {
        const first = firsts[call];
        if (first) first[partition] = (bases.get(partition) ?? 0) + index;
      }
    }
  } catch (error) {
    const { message } = kafkaError(error);
    // Also where the rights are gone, or the topic takes less than before: somebody can mend it, and then it may be sent again.
    throw new TandemError('unavailable', `${message}; nothing is known to be appended`, { cause: error });
  }
  return firsts;
}

/** Whether the broker refused a batch for its size. */
export function isTooLarge(error: unknown): boolean {
  const cause = error instanceof TandemError ? error.cause : error;
  return cause instanceof kafkajs.KafkaJSProtocolError && cause.type === 'MESSAGE_TOO_LARGE';
}

async function send({ producer, topic }: Sending, messages: readonly Message[]): Promise<ReadonlyMap<number, number>> {
  const answers = await producer.send({ topic, acks: -1, messages: [...messages] });
  return new Map(answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
}

type Portion = { messages: Message[]; firsts: { call: number; partition: number; index: number }[]; counts: number[] };

/** Cuts calls into portions that hold at most `maxBytes` and MAX_SENT_RECORDS per partition, in order. */
function* portionsOf(calls: readonly AppendCall[], maxBytes: number): Generator<Portion> {
  let portion: Portion = { messages: [], firsts: [], counts: [] };
  let bytes: number[] = [];
  for (const [call, { rowsByPartition }] of calls.entries()) {
    for (const [partition, rows] of rowsByPartition.entries()) {
      for (const [position, row] of rows.entries()) {
        const size = bytesOfRow(row);
        const sent = portion.counts[partition] ?? 0;
        if (sent >= MAX_SENT_RECORDS || (sent > 0 && (bytes[partition] ?? 0) + size > maxBytes)) {
          yield portion;
          portion = { messages: [], firsts: [], counts: [] };
          bytes = [];
        }
        const index = portion.counts[partition] ?? 0;
        if (position === 0) portion.firsts.push({ call, partition, index });
        portion.counts[partition] = index + 1;
        bytes[partition] = (bytes[partition] ?? 0) + size;
        portion.messages.push(messageOfRow(row, partition));
      }
    }
  }
  if (portion.messages.length > 0) yield portion;
}
