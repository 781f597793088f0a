import type { Admin } from 'kafkajs';
import { TandemError } from '../../errors.js';
import { digestOf, type LogMark, logReplaced } from '../../log-mark.js';
import type { Offsets } from '../../offsets.js';
import type { EventLog } from '../../ports/event-log.js';
import { kafkaError, withinDeadline } from './kafka-client.js';
import { type LogBounds, waitsForTransaction } from './log-bounds.js';

/** Reading a few records takes as long as joining a group does, which brokers delay by 3 s. */
const READ_DEADLINE_MS = 20_000;
const ASK_DEADLINE_MS = 3_000;

/** Marks that were found, and by which question it can be told cheaply that they are still there. */
type Found = {
  /** A moment just after all of them were appended; null where the topic does not say. */
  readonly after: number | null;
  /** Where the first records after that moment lay when this was last made sure of. */
  answer: string;
};

type MarkedLog = Pick<EventLog, 'read' | 'partitions' | 'writtenEnds'>;

/**
 * Tells a topic from another of the same name by records that it must hold. The client knows no topic ids, and reading
 * means to join a group. So marks are read once; later it is asked where the first record after their moment lies. In the
 * same topic that is above the marks for ever, in one that was made since it is not. Whatever looks different is read again.
 */
export class MarkProver {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #log: MarkedLog;
  readonly #bounds: () => Promise<LogBounds>;
  readonly #found = new Map<string, Found>();

  constructor(admin: Admin, topic: string, log: MarkedLog, bounds: () => Promise<LogBounds>) {
    this.#admin = admin;
    this.#topic = topic;
    this.#log = log;
    this.#bounds = bounds;
  }

  /** As `EventLog.prove`. */
  async prove(marks: readonly LogMark[]): Promise<void> {
    if (marks.length === 0) return;
    const { starts, ends } = await this.#bounds();
    const left = marks.filter(({ partition, offset }) => offset >= (starts[partition] ?? 0));
    const unread = left.filter(({ partition, offset }) => offset >= (ends[partition] ?? 0));
    if (unread.length > 0) await this.#refuseUnwritten(unread, ends);
    if (left.length > 0) await this.#proveLeft(left);
  }

  /** Behind an open transaction nothing can be read, and nothing be proven: that is no other log. */
  async #refuseUnwritten(marks: readonly LogMark[], readable: Offsets): Promise<never> {
    const written = await this.#log.writtenEnds();
    for (const { partition, offset } of marks) {
      const end = written[partition] ?? 0;
      if (offset >= end) throw logReplaced(partition, offset, `nothing (the partition ends at ${end})`);
    }
    const { partition = 0, offset = 0 } = marks[0] ?? {};
    throw waitsForTransaction(this.#topic, partition, readable[partition] ?? 0, offset);
  }

  async #proveLeft(marks: readonly LogMark[]): Promise<void> {
    const key = marks.map(({ partition, offset, digest }) => `${partition}:${offset}:${digest}`).join();
    const found = this.#found.get(key);
    const answer = await this.#ask(found?.after ?? null);
    if (found && answer !== null && (answer === found.answer || isAbove(answer, marks))) return;
    const after = await this.#read(marks);
    this.#found.set(key, { after, answer: (await this.#ask(after)) ?? '' });
  }

  /** Per partition the offset of the first record after a moment, or its end. */
  async #ask(after: number | null): Promise<string | null> {
    if (after === null) return null;
    const asking = this.#admin.fetchTopicOffsetsByTimestamp(this.#topic, after);
    const answers = await withinDeadline('asking for offsets by time', ASK_DEADLINE_MS, asking);
    return answers
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ offset }) => offset)
      .join();
  }

  /** Throws `corrupt` unless each lies where it must. Returns a moment just after all were appended. */
  async #read(marks: readonly LogMark[]): Promise<number | null> {
    const wanted = new Map(marks.map((mark) => [mark.partition, mark]));
    const from = Array.from({ length: this.#log.partitions }, (_, partition) => wanted.get(partition)?.offset ?? 0);
    const until = from.map((offset, partition) => offset + (wanted.has(partition) ? 1 : 0));
    const latest = AbortSignal.timeout(READ_DEADLINE_MS);
    const times: number[] = [];
    for await (const { partition, records } of this.#readBetween(from, until, latest)) {
      const [record, mark] = [records[0], wanted.get(partition)];
      if (!record || !mark) continue;
      if (digestOf(record) !== mark.digest) throw logReplaced(partition, mark.offset, 'another record');
      wanted.delete(partition);
      times.push(record.appendedAt ?? Number.NaN);
    }
    if (wanted.size > 0)
      throw new TandemError('unavailable', `Kafka: reading the marks of ${this.#topic} took too long`);
    const after = Math.max(...times) + 1;
    return Number.isFinite(after) ? after : null;
  }

  async *#readBetween(from: readonly number[], until: readonly number[], signal: AbortSignal) {
    try {
      yield* this.#log.read(from, { until, signal });
    } catch (error) {
      throw kafkaError(error);
    }
  }
}

function isAbove(answer: string, marks: readonly LogMark[]): boolean {
  const offsets = answer.split(',').map(Number);
  return marks.every(({ partition, offset }) => (offsets[partition] ?? 0) > offset);
}
