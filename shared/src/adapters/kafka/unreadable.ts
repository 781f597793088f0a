import { randomUUID } from 'node:crypto';
import type { Batch, KafkaMessage } from 'kafkajs';
import { TandemError } from '../../errors.js';

/** A header that no record of a topic can have: it is another one in each process. */
const HEADER = `unreadable-${randomUUID()}`;
/** By this key the client takes a record for the mark of a transaction, which it never leaves out. */
const KEY = Buffer.alloc(4);
/** The client leaves out what lies below the offset that it asked for. */
const FARTHEST = 2 ** 31 - 1;

/** Where records begin that cannot be read, by the index among messages and by the offset. */
export type Unreadable = { readonly index: number; readonly from: number; readonly reason: string };

/** The client's types do not tell: all that a broker sent, from the offset on that was asked for. */
type WholeBatch = Batch & { readonly messagesWithinOffset: readonly KafkaMessage[]; readonly fetchedOffset: string };
type WholeMessage = KafkaMessage & { readonly batchContext: { readonly firstOffset: string } };

let isAnyUnreadable = false;

/**
 * What is handed to the client instead of a batch that cannot be unpacked. An error would end the fetch of all partitions,
 * and not say whose it is; so it finds one record, as often as it looks for one, that tells the reason.
 */
export function unreadable(reason: string): Buffer {
  isAnyUnreadable = true;
  const pattern = encodeRecord(reason);
  const read = { slice: (from: number, to: number) => repeat(pattern, from, to), length: 0 };
  return new Proxy(read, {
    get: (target, name: string) =>
      name in target ? target[name as keyof typeof target] : pattern[Number(name) % pattern.length],
  }) as unknown as Buffer;
}

/** The first records of a batch that cannot be read: they could not be unpacked, or are missing. Undefined when all can. */
export function unreadableOf(batch: Batch): Unreadable | undefined {
  const [packed, missing] = [packedIn(batch), missingIn(batch)];
  return packed && missing && missing.from < packed.from ? missing : (packed ?? missing);
}

function packedIn(batch: Batch): Unreadable | undefined {
  if (!isAnyUnreadable) return undefined;
  const index = batch.messages.findIndex(({ headers }) => headers?.[HEADER] !== undefined);
  if (index === -1) return undefined;
  const message = batch.messages[index] as WholeMessage;
  return { index, from: Number(message.batchContext.firstOffset), reason: String(message.headers?.[HEADER]) };
}

export const MISSING =
  'there is no record at this offset, and there are some behind it: the topic was compacted (cleanup.policy), or has lost them';

/** Marks and what was given up come too, so every offset is there, unless somebody has taken records away. */
function missingIn(batch: Batch): Unreadable | undefined {
  const { messagesWithinOffset: sent, fetchedOffset } = batch as WholeBatch;
  const last = sent.at(-1);
  if (!last || Number(last.offset) - Number(fetchedOffset) + 1 === sent.length) return undefined;
  const from = sent.findIndex(({ offset }, index) => Number(offset) !== Number(fetchedOffset) + index);
  if (from === -1) return undefined;
  const missing = Number(fetchedOffset) + from;
  const index = batch.messages.findIndex(({ offset }) => Number(offset) > missing);
  return { index: index === -1 ? batch.messages.length : index, from: missing, reason: MISSING };
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
