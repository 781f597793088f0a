import { randomUUID } from 'node:crypto';
import type { Batch, KafkaMessage } from 'kafkajs';
import { TandemError } from '../../errors.js';

/** A header that no record of a topic can have: it is another one in each process. */
const HEADER = `unreadable-${randomUUID()}`;
/** By this key the client takes a record for the mark of a transaction, which it never leaves out. */
const KEY = Buffer.alloc(4);
/** The client leaves out what lies below the offset that it asked for. */
const FARTHEST = 2 ** 31 - 1;

/** Records of a batch that could not be unpacked: `from` is the offset of its first one. */
export type Unreadable = { readonly index: number; readonly from: number; readonly reason: string };

/**
 * What is handed to the client instead of a batch that cannot be unpacked. An error would end the fetch of all partitions,
 * and not say whose it is; so it finds one record, as often as it looks for one, that tells the reason.
 */
export function unreadable(reason: string): Buffer {
  const pattern = encodeRecord(reason);
  const read = { slice: (from: number, to: number) => repeat(pattern, from, to), length: 0 };
  return new Proxy(read, {
    get: (target, name: string) =>
      name in target ? target[name as keyof typeof target] : pattern[Number(name) % pattern.length],
  }) as unknown as Buffer;
}

/** The first records of a batch that could not be unpacked, and among which messages they come; undefined when all could. */
export function unreadableOf(batch: Batch): Unreadable | undefined {
  const index = batch.messages.findIndex(({ headers }) => headers?.[HEADER] !== undefined);
  if (index === -1) return undefined;
  const message = batch.messages[index] as KafkaMessage & { readonly batchContext: { readonly firstOffset: string } };
  return { index, from: Number(message.batchContext.firstOffset), reason: String(message.headers?.[HEADER]) };
}

/** The error that says that a partition stands still, as nothing can be read from `offset` on. */
export function unreadableError(topic: string, partition: number, offset: number, reason: string): TandemError {
  return new TandemError(
    'corrupt',
    `partition ${partition} of ${topic}: found records from offset ${offset} on that cannot be read: ${reason}. Nothing behind them is counted, and no run is published (docs/runbook.md, "Records cannot be read")`,
    { facts: { topic, partition, offset } },
  );
}

function repeat(pattern: Buffer, from: number, to: number): Buffer {
  const start = from % pattern.length;
  return pattern.subarray(start, start + to - from);
}

/** Attributes, time and offset as distances from the batch's own, key, no value, one header. */
function encodeRecord(reason: string): Buffer {
  const [name, text] = [Buffer.from(HEADER), Buffer.from(reason)];
  const body = Buffer.concat([
    Buffer.from([0, 0]),
    varint(FARTHEST),
    varint(KEY.length),
    KEY,
    varint(-1),
    varint(1),
    varint(name.length),
    name,
    varint(text.length),
    text,
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function varint(value: number): Buffer {
  let left = value < 0 ? -value * 2 - 1 : value * 2;
  const bytes: number[] = [];
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}
