import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { TandemError } from '../../errors.js';
import type { Offsets } from '../../offsets.js';
import { SharedRead } from '../../shared-read.js';
import { withinDeadline } from './kafka-client.js';

/** Per partition the first offset that retention has left (inclusive) and the log's end (exclusive). */
export type LogBounds = { readonly starts: Offsets; readonly ends: Offsets };

/** Asks a broker where the log begins and ends. However many ask during an outage, two questions wait. */
export class BoundsAsker {
  readonly #read: SharedRead<LogBounds>;
  readonly #deadlineMs: number;

  constructor(admin: Admin, topic: string, deadlineMs: number) {
    this.#read = new SharedRead(() => fetchBounds(admin, topic));
    this.#deadlineMs = deadlineMs;
  }

  /** Throws `unavailable` when no broker answers within the deadline. */
  ask(): Promise<LogBounds> {
    return withinDeadline('asking for the offsets', this.#deadlineMs, this.#read.get());
  }
}

/** While a topic is new, or its partitions move, a broker may be asked that is not, or not yet, the one to ask. */
const MOVING_MS = 2_000;
const PAUSE_MS = 50;

async function fetchOffsets(admin: Admin, topic: string) {
  for (const deadline = performance.now() + MOVING_MS; ; await sleep(PAUSE_MS)) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      const isMoving = error instanceof kafkajs.KafkaJSProtocolError && error.retriable;
      if (!isMoving || performance.now() > deadline) throw error;
    }
  }
}

async function fetchBounds(admin: Admin, topic: string): Promise<LogBounds> {
  const found = await fetchOffsets(admin, topic);
  const sorted = found.toSorted((a, b) => a.partition - b.partition);
  return { starts: sorted.map(({ low }) => Number(low)), ends: sorted.map(({ high }) => Number(high)) };
}

/** Throws `corrupt` when there is no reading on at `wanted`: retention has passed it, or the log does not reach it. */
export function refuseOutOfLog(topic: string, { starts, ends }: LogBounds, partition: number, wanted: number): void {
  const [start = 0, end = 0] = [starts[partition], ends[partition]];
  if (wanted >= start && wanted <= end) return;
  const cause =
    wanted < start
      ? `retention has taken the records from ${wanted} to ${start - 1} before they were read`
      : 'the topic was made anew, or is another one';
  throw new TandemError(
    'corrupt',
    `partition ${partition} of ${topic}: found offset ${wanted} wanted; allowed are ${start} to ${end}: ${cause}`,
    { facts: { topic, partition, wanted, start, end } },
  );
}

/** The error that says that the record at `wanted` was written and cannot be read yet. */
export function waitsForTransaction(topic: string, partition: number, readable: number, wanted: number): TandemError {
  return new TandemError(
    'unavailable',
    `partition ${partition} of ${topic} can be read to offset ${readable} and not yet to ${wanted}: another program holds a transaction open there; end it (docs/runbook.md, "A transaction hangs")`,
    { facts: { topic, partition, readable, wanted } },
  );
}
