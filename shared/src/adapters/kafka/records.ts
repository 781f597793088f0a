import type { KafkaMessage, Message } from 'kafkajs';
import type { LogRecord } from '../../ports/event-log.js';
import type { AppendRow } from '../append-queue.js';

/** The header that makes a record a barrier; its value names the run that drew it. */
const BARRIER_HEADER = 'tandem-barrier';
/** What a record costs in a batch besides its value. */
const RECORD_OVERHEAD_BYTES = 100;

export function messageOfRow({ key, value, barrier }: AppendRow, partition: number): Message {
  const bytes = value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (barrier === null) return { partition, key, value: bytes };
  return { partition, key, value: bytes, headers: { [BARRIER_HEADER]: barrier } };
}

export function bytesOfRow({ key, value }: AppendRow): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
}

/**
 * Messages of one partition as records, from `from` (inclusive) to `end` (exclusive). Offsets that the broker keeps for itself, or that belong to
 * a transaction that was given up, become markers: so offsets have no gaps.
 */
export function recordsFrom(messages: readonly KafkaMessage[], from: number, end: number): readonly LogRecord[] {
  const records: LogRecord[] = [];
  let next = from;
  for (const message of messages) {
    const offset = Number(message.offset);
    if (offset < from) continue;
    next = fillTo(records, next, offset);
    records.push(recordOf(message, offset));
    next++;
  }
  fillTo(records, next, end);
  return records;
}

/** Markers from `from` (inclusive) to `to` (exclusive). */
export function markers(from: number, to: number): readonly LogRecord[] {
  const records: LogRecord[] = [];
  fillTo(records, from, to);
  return records;
}

function fillTo(records: LogRecord[], from: number, to: number): number {
  for (let offset = from; offset < to; offset++) records.push({ offset, value: null, barrier: null, isMarker: true });
  return Math.max(from, to);
}

function recordOf({ value, headers, timestamp }: KafkaMessage, offset: number): LogRecord {
  const barrier = headers?.[BARRIER_HEADER];
  // A header that comes twice, or without a text, names nothing.
  if (!Buffer.isBuffer(barrier) && typeof barrier !== 'string') return { offset, value, barrier: null };
  return { offset, value, barrier: String(barrier) || null, appendedAt: Number(timestamp) };
}
